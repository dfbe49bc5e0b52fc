/** What upstream asks of a kind's operations, the same for all kinds: discovery, and every verb that it serves. */
import assert from 'node:assert/strict'
import { said, assertProtobuf, withoutNulls } from './protobuf.ts'
import { type Api, type Json, type Patch, type Watch, assertNewer, withQuery } from './api.ts'

export interface Sample {
  /** Upstream's names of the tests that this answers. */
  readonly tests: readonly string[]
  /** `api/v1`, `apis/apps/v1`. */
  readonly at: string
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  /** Without metadata. */
  readonly object: (namespace: string) => object
  /** Changes beside the annotation `patched`, by merge patch. */
  readonly patch?: object
  /** A status that a merge patch may set, and one that an update may. */
  readonly status?: readonly [object, object]
  /** Deleted ones stay until a controller has seen that nobody uses them. */
  readonly held?: boolean
  /** A deletion that says nothing leaves what it owns. */
  readonly orphans?: boolean
  /** The server itself says something in its status, soon after each change of its spec. */
  readonly answered?: boolean
  /** Names, where generated ones are not allowed. Four. */
  readonly names?: readonly string[]
}

interface Place {
  readonly api: Api
  readonly sample: Sample
  /** Of the collection, and of it in all namespaces. */
  readonly path: string
  readonly everywhere: string
  readonly namespace: string
  readonly label: string
  /** Query that finds what this test made. */
  readonly mine: string
}

async function discovered({ api, sample }: Place): Promise<void> {
  const [, group, version] = sample.at.split('/')
  if (version !== undefined) {
    const { groups } = await api.get('/apis')
    const listed = groups.find((one: Json) => one.name === group)
    assert.ok(listed?.versions.some((one: Json) => one.version === version))
    const single = await api.get(`/apis/${group}`)
    assert.ok(single.versions.some((one: Json) => one.version === version))
  }
  const { resources } = await api.get(`/${sample.at}`)
  const found = resources.filter((one: Json) => one.name.split('/')[0] === sample.resource)
  const plain = found.find((one: Json) => one.name === sample.resource)
  assert.equal(plain?.kind, sample.kind)
  assert.equal(plain.namespaced, sample.namespaced)
  for (const verb of ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'])
    assert.ok(plain.verbs.includes(verb), verb)
  if (sample.status !== undefined) assert.ok(found.some((one: Json) => one.name === `${sample.resource}/status`))
}

async function created({ api, sample, path, namespace, label }: Place): Promise<readonly [Json, Json, Json]> {
  const make = (index: number): Promise<Json> => {
    const named = sample.names === undefined ? { generateName: 'e2e-' } : { name: sample.names[index] }
    return api.create(withQuery(path, 'fieldValidation=Strict'), {
      ...sample.object(namespace),
      metadata: { ...named, labels: { 'e2e-test': label } },
    })
  }
  const made = [await make(0), await make(1), await make(2)] as const
  const { name } = made[0].metadata
  const { reason } = await api.refused(409, 'POST', path, { ...sample.object(namespace), metadata: { name } })
  assert.equal(reason, 'AlreadyExists')
  return made
}

const isPatched = (field: string) => (event: Json) => event.object.metadata.annotations?.[field] === 'true'

/** The object once the server has said what it has to say of this generation. */
const answered = (api: Api, own: string): Promise<Json> =>
  api.until(
    'an answer in the status',
    () => api.get(own),
    ({ metadata, status }) => status?.observedGeneration === metadata.generation,
  )

async function changed(place: Place, one: Json, watches: readonly Watch[]): Promise<Json> {
  const { api, sample, path } = place
  const own = `${path}/${one.metadata.name}`
  const patched = await api.patch(own, { metadata: { annotations: { patched: 'true' } }, ...sample.patch })
  assert.equal(patched.metadata.annotations.patched, 'true')
  assert.partialDeepStrictEqual(patched, sample.patch ?? {})
  assertNewer(patched, one)
  const { metadata } = sample.answered === true ? await answered(api, own) : patched
  const updated = await api.update(own, {
    ...patched,
    metadata: { ...metadata, annotations: { ...metadata.annotations, updated: 'true' } },
  })
  assert.equal(updated.metadata.annotations.updated, 'true')
  assert.equal((await api.refused(409, 'PUT', own, patched)).reason, 'Conflict')
  for (const watch of watches) {
    const first = await watch.until('patched', isPatched('patched'))
    assert.equal(first.type, 'MODIFIED')
    assert.equal(first.object.kind, sample.kind)
    const second = await watch.until('updated', isPatched('updated'))
    assert.deepEqual(said(sample, second.object), said(sample, updated))
  }
  return updated
}

async function eachPatch({ api, sample, path }: Place, one: Json): Promise<void> {
  const own = `${path}/${one.metadata.name}`
  const typed = { apiVersion: one.apiVersion, kind: sample.kind }
  const ways: readonly (readonly [Patch, (name: string) => object])[] = [
    ['strategic', name => ({ metadata: { labels: { [name]: 'yes' } } })],
    ['json', name => [{ op: 'add', path: `/metadata/labels/${name}`, value: 'yes' }]],
    ['apply', name => ({ ...typed, metadata: { name: one.metadata.name, labels: { [name]: 'yes' } } })],
  ]
  for (const [type, body] of ways) {
    const patched = await api.patch(own, body(type), type)
    assert.equal(patched.metadata.labels[type], 'yes')
    assert.deepEqual(patched.spec, one.spec)
  }
}

async function statusChanged({ api, sample, path }: Place, one: Json): Promise<void> {
  const [first, second] = sample.status ?? []
  if (first === undefined || second === undefined) return
  const own = `${path}/${one.metadata.name}/status`
  const read = await api.get(own)
  assert.equal(read.kind, sample.kind)
  assert.equal(read.metadata.uid, one.metadata.uid)
  const patched = await api.patch(own, { metadata: { annotations: { patchedstatus: 'true' } }, status: first })
  assert.equal(patched.metadata.annotations.patchedstatus, 'true')
  assert.partialDeepStrictEqual(patched.status, first)
  const updated = await api.update(own, { ...patched, status: { ...patched.status, ...second } })
  assert.partialDeepStrictEqual(updated.status, withoutNulls(second))
  assert.deepEqual(updated.spec, patched.spec)
  assert.deepEqual((await api.get(own)).status, updated.status)
}

async function removed({ api, sample, path, everywhere, mine }: Place, one: Json): Promise<void> {
  const left = (count: number): Promise<unknown> =>
    sample.held === true
      ? api.until(
          `${count} left`,
          () => api.items(`${everywhere}?${mine}`),
          ({ length }) => length === count,
        )
      : api.items(`${everywhere}?${mine}`).then(({ length }) => assert.equal(length, count))
  const options =
    sample.orphans === true ? { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' } : undefined
  await api.delete(`${path}/${one.metadata.name}`, options)
  await left(2)
  assert.equal((await api.refused(404, 'GET', `${path}/${one.metadata.name}`)).reason, 'NotFound')
  await api.delete(`${path}?${mine}`, options)
  await left(0)
}

/** @throws AssertionError where an operation does not do what upstream's does. */
export async function operate(api: Api, sample: Sample): Promise<void> {
  const everywhere = `/${sample.at}/${sample.resource}`
  const namespace = sample.namespaced ? await api.namespace() : undefined
  const path = namespace === undefined ? everywhere : `/${sample.at}/namespaces/${namespace}/${sample.resource}`
  const label = `${sample.resource}-${namespace ?? 'all'}`
  const place: Place = {
    api,
    sample,
    path,
    everywhere,
    namespace: namespace ?? '',
    label,
    mine: `labelSelector=e2e-test%3D${label}`,
  }
  await discovered(place)
  const [one] = await created(place)
  const read = await api.get(`${path}/${one.metadata.name}`)
  assert.deepEqual(said(sample, read), said(sample, one))
  const list = await api.get(`${path}?${place.mine}`)
  assert.equal(list.items.length, 3)
  assert.equal(list.kind, `${sample.kind}List`)
  assert.equal((await api.items(`${everywhere}?${place.mine}`)).length, 3)
  const since = `${place.mine}&resourceVersion=${list.metadata.resourceVersion}`
  const watches = [await api.watch(`${path}?${since}`), await api.watch(`${everywhere}?${since}`)]
  const updated = await changed(place, one, watches)
  await eachPatch(place, updated)
  await assertProtobuf(api, { ...place, since: list.metadata.resourceVersion }, one)
  await statusChanged(place, one)
  await removed(place, one)
  for (const watch of watches) {
    const gone = await watch.until('deleted', ({ type }) => type === 'DELETED')
    assert.equal(gone.object.metadata.uid, one.metadata.uid)
    watch.stop()
  }
}
