/** How objects come, change and go, in process: what is written, what is not, and what watchers hear of it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { configMaps, deployments, namespaces, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { ConfigMap, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Deployment } from '#kinds/facts/generated/types/apps_v1.ts'
import type { ResourceRef } from '#api/metadata.ts'
import type { Client } from '#client/client.ts'
import { type Cluster, startCluster } from '#testing/startCluster.ts'

let cluster: Cluster
let client: Client
before(async () => {
  cluster = await startCluster({ controllers: false })
  client = cluster.client
  for (const name of ['one', 'two', 'a', 'a-b'])
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {} })
  await client.create(
    { group: '', version: 'v1', resource: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'one' } },
  )
})
after(() => cluster.stop())

const map = (
  name: string,
  rest: Partial<ConfigMap> & { readonly metadata?: ConfigMap['metadata'] } = {},
): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  data: { a: 'b' },
  ...rest,
  metadata: { name, namespace: 'one', ...rest.metadata },
})
const deployment = (name: string, replicas = 1): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'one' },
  spec: {
    replicas,
    selector: { matchLabels: { a: name } },
    template: { metadata: { labels: { a: name } }, spec: { containers: [{ name: 'a', image: 'b' }] } },
  },
})
const pod = (name: string, nodeName?: string, rest: Partial<Pod['metadata']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'one', ...rest },
  spec: { containers: [{ name: 'a', image: 'b' }], ...(nodeName === undefined ? {} : { nodeName }) },
})

/** Events of one name while something is done, `TYPE@resourceVersion`. */
async function heard(ref: ResourceRef, name: string, act: () => Promise<unknown>): Promise<readonly string[]> {
  const stop = new AbortController()
  const { resourceVersion } = await client.list(ref, { limit: 1 })
  const events = await client.watch(ref, {
    resourceVersion,
    fieldSelector: `metadata.name=${name}`,
    signal: stop.signal,
  })
  const seen: string[] = []
  const reading = (async () => {
    for await (const batch of events)
      for (const { type, object } of batch) seen.push(`${type}@${object.metadata.resourceVersion}`)
  })()
  await new Promise(setImmediate)
  await act()
  await new Promise(resolve => setTimeout(resolve, 5))
  stop.abort()
  await reading
  return seen
}

test('what a creation may not say', async () => {
  await assert.rejects(client.create(configMaps, map('x', { metadata: { resourceVersion: '1' } })), {
    reason: 'BadRequest',
    message: 'resourceVersion should not be set on objects to be created',
  })
  await assert.rejects(client.create(configMaps, map('')), { reason: 'Invalid' })
  await assert.rejects(client.create(configMaps, map('Upper')), { reason: 'Invalid' })
  await assert.rejects(client.create(configMaps, map('x', { metadata: { namespace: 'none' } })), {
    reason: 'NotFound',
    message: 'namespaces "none" not found',
  })
  const made = await client.create(
    configMaps,
    map('own', {
      metadata: {
        uid: 'mine',
        generation: 7,
        creationTimestamp: '2001-01-01T00:00:00Z',
        deletionTimestamp: '2001-01-01T00:00:00Z',
      },
    }),
  )
  const { uid, generation, creationTimestamp, deletionTimestamp } = made.metadata
  assert.notEqual(uid, 'mine')
  assert.deepEqual([generation, deletionTimestamp], [undefined, undefined])
  assert.notEqual(creationTimestamp, '2001-01-01T00:00:00Z')
  await assert.rejects(client.create(configMaps, map('own')), {
    reason: 'AlreadyExists',
    message: 'configmaps "own" already exists',
  })
})

test('generated names: long bases are cut, and each is another', async () => {
  const generateName = `${'x'.repeat(70)}-`
  const make = () => client.create(configMaps, map('', { metadata: { generateName, name: undefined as never } }))
  const names = new Set((await Promise.all(Array.from({ length: 20 }, make))).map(one => one.metadata.name ?? ''))
  assert.equal(names.size, 20)
  for (const name of names) assert.equal(name.length, 63)
})

test('a dry run leaves nothing and tells no one', async () => {
  const dryRun = { dryRun: true }
  const kept = await client.create(configMaps, map('kept'))
  const seen = await heard(configMaps, 'dry', async () => {
    const made = await client.create(configMaps, map('dry'), dryRun)
    assert.match(made.metadata.uid ?? '', /./)
    await assert.rejects(client.get(configMaps, 'one/dry'), { reason: 'NotFound' })
    await assert.rejects(client.create(configMaps, map('kept'), dryRun), { reason: 'AlreadyExists' })
    await client.update(configMaps, { ...kept, data: { a: 'c' } }, dryRun)
    await client.delete(configMaps, 'one/kept', dryRun)
  })
  assert.deepEqual(seen, [])
  assert.deepEqual(await client.get(configMaps, 'one/kept'), kept)
})

test('a write that changes nothing gives no version and no event', async () => {
  const made = await client.create(deployments, deployment('same'))
  const seen = await heard(deployments, 'same', async () => {
    const { resourceVersion: _, ...metadata } = made.metadata
    const writes: readonly Deployment[] = [
      await client.update(deployments, made),
      await client.update(deployments, { ...made, metadata }),
      await client.update(deployments, { ...deployment('same') }),
      await client.updateStatus(deployments, made),
      await client.patch(deployments, 'one/same', { type: 'merge', content: {} }),
      await client.patch(deployments, 'one/same', { type: 'json', content: [] }),
      await client.patch(deployments, 'one/same', { type: 'strategic', content: { spec: { replicas: 1 } } }),
    ]
    for (const { metadata: written } of writes) assert.equal(written.resourceVersion, made.metadata.resourceVersion)
    const applied = await client.apply(deployments, deployment('same'), { fieldManager: 'x' })
    const again = await client.apply(deployments, deployment('same'), { fieldManager: 'x' })
    assert.equal(again.metadata.resourceVersion, applied.metadata.resourceVersion)
  })
  assert.ok(seen.length <= 1, seen.join())
})

test('versions, uids and names that do not match are conflicts', async () => {
  const first = await client.create(configMaps, map('race'))
  const second = await client.update(configMaps, { ...first, data: { a: '2' } })
  await assert.rejects(client.update(configMaps, { ...first, data: { a: '3' } }), {
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on configmaps "race": the object has been modified; please apply your changes to the latest version and try again',
  })
  const { resourceVersion: _, ...metadata } = second.metadata
  const third = await client.update(configMaps, { ...second, metadata, data: { a: '4' } })
  assert.equal(third.data?.['a'], '4')
  await assert.rejects(client.update(configMaps, { ...third, metadata: { ...third.metadata, uid: 'other' } }), {
    reason: 'Conflict',
  })
  await assert.rejects(client.update(configMaps, map('absent')), { reason: 'NotFound' })
  const writes = Array.from({ length: 20 }, (_, at) =>
    client
      .patch(configMaps, 'one/race', { type: 'merge', content: { data: { [`k${at}`]: 'v' } } })
      .catch(() => undefined),
  )
  const done = (await Promise.all(writes)).filter(one => one !== undefined)
  const { data = {} } = await client.get(configMaps, 'one/race')
  assert.equal(Object.keys(data).length, done.length + 1)
})

test('status and spec have their own ways in, and only the spec counts', async () => {
  const made = await client.create(deployments, { ...deployment('split'), status: { replicas: 9 } })
  assert.deepEqual([made.metadata.generation, made.status?.replicas ?? 0], [1, 0])
  const scaled = { ...made.spec, replicas: 5 } as Deployment['spec']
  const status = { ...made.status, replicas: 3 }
  const reported = await client.updateStatus(deployments, { ...made, spec: scaled, status })
  assert.deepEqual([reported.spec?.replicas, reported.status?.replicas, reported.metadata.generation], [1, 3, 1])
  const specified = await client.update(deployments, { ...reported, spec: scaled, status: { ...status, replicas: 8 } })
  assert.deepEqual([specified.spec?.replicas, specified.status?.replicas, specified.metadata.generation], [5, 3, 2])
  const metadata = { ...specified.metadata, labels: { new: 'label' } }
  assert.equal((await client.update(deployments, { ...specified, metadata })).metadata.generation, 2)
})

test('the metadata that the server owns stays', async () => {
  const made = await client.create(configMaps, map('fixed'))
  const metadata = {
    ...made.metadata,
    creationTimestamp: '2001-01-01T00:00:00Z',
    deletionTimestamp: '2001-01-01T00:00:00Z',
    generation: 4,
  }
  const { metadata: after_ } = await client.update(configMaps, { ...made, metadata, data: { a: 'new' } })
  assert.deepEqual(
    [after_.creationTimestamp, after_.deletionTimestamp, after_.generation],
    [made.metadata.creationTimestamp, undefined, undefined],
  )
})

test('the last finalizer of a deleting object deletes it, in one event', async () => {
  const finalizers = ['example.org/a', 'example.org/b']
  await client.create(configMaps, map('held', { metadata: { finalizers } }))
  const going = await client.delete(configMaps, 'one/held')
  assert.match(going.metadata.deletionTimestamp ?? '', /Z$/)
  const held = await client.get(configMaps, 'one/held')
  assert.equal(held.metadata.deletionGracePeriodSeconds, 0)
  const with_ = (list: readonly string[]) => ({ ...held, metadata: { ...held.metadata, finalizers: list } })
  await assert.rejects(client.update(configMaps, with_([...finalizers, 'example.org/c'])), { reason: 'Invalid' })
  const again = await heard(configMaps, 'held', () => client.delete(configMaps, 'one/held'))
  assert.deepEqual(again, [])
  const seen = await heard(configMaps, 'held', async () => {
    const less = await client.update(configMaps, with_(['example.org/b']))
    await client.update(configMaps, { ...less, metadata: { ...less.metadata, finalizers: [] } })
  })
  assert.deepEqual(
    seen.map(one => one.split('@')[0]),
    ['MODIFIED', 'DELETED'],
  )
  assert.ok(Number(seen[1]?.split('@')[1]) > Number(seen[0]?.split('@')[1]))
  await assert.rejects(client.get(configMaps, 'one/held'), { reason: 'NotFound' })
})

test('a deletion may insist on a uid and a version', async () => {
  const made = await client.create(configMaps, map('precise'))
  const { resourceVersion = '', uid = '' } = made.metadata
  const del = (preconditions: object) => client.delete(configMaps, 'one/precise', { preconditions })
  await assert.rejects(del({ uid: 'other' }), {
    reason: 'Conflict',
    message: /the UID in the precondition \(other\) does not match/,
  })
  await assert.rejects(del({ resourceVersion: '1' }), {
    reason: 'Conflict',
    message: /the ResourceVersion in the precondition \(1\)/,
  })
  await del({ uid, resourceVersion })
  await assert.rejects(client.delete(configMaps, 'one/precise'), { reason: 'NotFound' })
})

test('who depends is orphaned or waited for as asked', async () => {
  for (const [policy, finalizer] of [
    ['Orphan', 'orphan'],
    ['Foreground', 'foregroundDeletion'],
  ] as const) {
    await client.create(deployments, deployment(finalizer.toLowerCase()))
    const gone = await client.delete(deployments, `one/${finalizer.toLowerCase()}`, { propagationPolicy: policy })
    assert.deepEqual(gone.metadata.finalizers, [finalizer])
    assert.equal(gone.metadata.generation, 2)
    const background = await client.delete(deployments, `one/${finalizer.toLowerCase()}`, {
      propagationPolicy: 'Background',
    })
    assert.equal(background.metadata.finalizers, undefined)
  }
})

test('a pod without a node goes at once, one with a node has its grace, which only gets shorter', async () => {
  await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, spec: {} })
  await client.create(pods, pod('free'))
  await client.delete(pods, 'one/free')
  await assert.rejects(client.get(pods, 'one/free'), { reason: 'NotFound' })
  await client.create(pods, pod('bound', 'n'))
  const grace = async (seconds?: number) => {
    const options = seconds === undefined ? {} : { gracePeriodSeconds: seconds }
    const { metadata } = await client.delete(pods, 'one/bound', options)
    const end = Date.parse(metadata.deletionTimestamp ?? '') / 1000 - (metadata.deletionGracePeriodSeconds ?? 0)
    return { seconds: metadata.deletionGracePeriodSeconds, end }
  }
  const first = await grace()
  assert.equal(first.seconds, 30)
  assert.equal((await grace(60)).seconds, 30)
  assert.equal((await grace()).seconds, 30)
  assert.deepEqual(await grace(10), { ...first, seconds: 10 })
  assert.equal((await grace(-5)).seconds, 1)
  await grace(0)
  await assert.rejects(client.get(pods, 'one/bound'), { reason: 'NotFound' })
})

test('a grace that has no end in the calendar does not keep a pod for ever', async () => {
  for (const seconds of [Number.MAX_SAFE_INTEGER, 2n ** 62n]) {
    const bound = pod('patient', 'n')
    const spec = { ...bound.spec, terminationGracePeriodSeconds: seconds as number }
    await client.create(pods, { ...bound, spec })
    const { metadata } = await client.delete(pods, 'one/patient')
    assert.equal(metadata.deletionGracePeriodSeconds, 2 ** 31 - 1)
    await client.delete(pods, 'one/patient', { gracePeriodSeconds: 0 })
    await assert.rejects(client.get(pods, 'one/patient'), { reason: 'NotFound' })
  }
})

test('a collection is deleted as far as it is selected', async () => {
  for (const name of ['c1', 'c2', 'c3'])
    await client.create(
      configMaps,
      map(name, { metadata: { namespace: 'two', labels: { odd: String(name !== 'c2') } } }),
    )
  await client.deleteCollection(configMaps, { namespace: 'two', labelSelector: 'odd=true', dryRun: true })
  assert.equal((await client.list(configMaps, { namespace: 'two' })).items.length, 3)
  await client.deleteCollection(configMaps, { namespace: 'two', labelSelector: 'odd=true', limit: 1 })
  assert.deepEqual(
    (await client.list(configMaps, { namespace: 'two' })).items.map(one => one.metadata.name),
    ['c2'],
  )
  await client.deleteCollection(configMaps, { namespace: 'two', fieldSelector: 'metadata.name=c2' })
  assert.equal((await client.list(configMaps, { namespace: 'two' })).items.length, 0)
})

test('the namespaces that a cluster cannot be without stay', async () => {
  for (const name of ['default', 'kube-system', 'kube-public'])
    await assert.rejects(client.delete(namespaces, name), {
      reason: 'Forbidden',
      message: /this namespace may not be deleted/,
    })
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' }, spec: {} })
  await client.delete(namespaces, 'ending')
  await assert.rejects(
    client.create(configMaps, map('late', { metadata: { namespace: 'ending' } })),
    (error: Error) => {
      assert.match(error.message, /because it is being terminated/)
      return true
    },
  )
  assert.equal((await client.get(namespaces, 'ending')).status?.phase, 'Terminating')
})
