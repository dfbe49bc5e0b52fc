/** What a Secret held before: kept with the write, for those alone who may read the Secret, gone some time after it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { type Wire, openWire } from '../api/wire.ts'

const secrets = '/api/v1/namespaces/default/secrets'
const versions = '/apis/bulwark.dev/v1alpha1/namespaces/default/secretversions'
const merge = { 'content-type': 'application/merge-patch+json' }
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const versionRights = { apiGroups: ['bulwark.dev'], resources: ['secretversions'], verbs: all }
const secretRights = (verbs: readonly string[], ...names: readonly string[]) => ({
  apiGroups: [''],
  resources: ['secrets'],
  verbs,
  ...(names.length === 0 ? {} : { resourceNames: names }),
})

let wire: Wire
const events: Event[] = []
const make = (name: string, text: string, more: object = {}) =>
  wire.call('POST', secrets, { body: { metadata: { name, ...more }, data: { key: base64(text) } } })
const change = (name: string, text: string) =>
  wire.call('PATCH', `${secrets}/${name}`, { headers: merge, body: { data: { key: base64(text) } } })
const annotate = (name: string, annotations: object) =>
  wire.call('PATCH', `${secrets}/${name}`, { headers: merge, body: { metadata: { annotations } } })

interface Shown {
  readonly name: string
  readonly value: string | undefined
}
async function shown(name: string): Promise<readonly Shown[]> {
  const { json } = await wire.call('GET', `${versions}?fieldSelector=secretName=${name}`)
  const items: readonly { metadata: { name: string }; data?: { key?: string } }[] = json.items
  return items.map(({ metadata, data }) => ({
    name: metadata.name,
    value: data?.key === undefined ? undefined : Buffer.from(data.key, 'base64').toString(),
  }))
}

before(async () => {
  wire = await openWire({ controllers: false, audit: event => void events.push(event) })
})
after(() => wire.stop())

test('the last five contents are kept, with who replaced them; what changes nothing makes none', async () => {
  await make('db', 'one')
  assert.deepEqual(await shown('db'), [])
  await annotate('db', { note: 'x' })
  await change('db', 'one')
  assert.deepEqual(await shown('db'), [])
  await change('db', 'two')
  const { json } = await wire.call('GET', `${versions}/db:1`)
  assert.equal(json.replacedBy, 'bulwark:test')
  assert.equal(json.secretName, 'db')
  assert.equal(json.type, 'Opaque')
  assert.equal(json.data.key, base64('one'))
  for (const text of ['three', 'four', 'five', 'six', 'seven']) await change('db', text)
  assert.deepEqual(
    await shown('db'),
    ['two', 'three', 'four', 'five', 'six'].map((value, at) => ({ name: `db:${at + 2}`, value })),
  )
  await wire.call('PATCH', `${secrets}/db?dryRun=All`, { headers: merge, body: { data: { key: base64('dry') } } })
  assert.equal((await shown('db')).at(-1)?.value, 'six')
  const stale = { metadata: { name: 'db', resourceVersion: '1' }, data: { key: base64('late') } }
  assert.equal((await wire.call('PUT', `${secrets}/db`, { body: stale })).status, 409)
  assert.equal((await shown('db')).length, 5)
})

test('many at once: each content once, none lost', async () => {
  await make('race', 'start', { annotations: { 'bulwark.dev/keep-versions': '20' } })
  await Promise.all(Array.from({ length: 12 }, (_, at) => change('race', `v${at}`)))
  const kept = await shown('race')
  assert.equal(kept.length, 12)
  assert.equal(new Set(kept.map(one => one.value)).size, 12)
  assert.ok(!kept.some(one => one.value === undefined))
})

test('an annotation says how many; nought keeps the time alone; a bad one is told of and not heeded', async () => {
  await make('few', 'a', { annotations: { 'bulwark.dev/keep-versions': '2' } })
  for (const text of ['b', 'c', 'd']) await change('few', text)
  assert.deepEqual(await shown('few'), [
    { name: 'few:2', value: 'b' },
    { name: 'few:3', value: 'c' },
  ])
  await annotate('few', { 'bulwark.dev/keep-versions': '0' })
  await change('few', 'e')
  assert.deepEqual(await shown('few'), [{ name: 'few:4', value: undefined }])
  const { headers } = await annotate('few', { 'bulwark.dev/keep-versions': '21' })
  assert.match(String(headers.warning), /must be a whole number from 0 to 20/)
})

test('tokens and releases are not kept', async () => {
  for (const type of ['helm.sh/release.v1', 'bootstrap.kubernetes.io/token']) {
    const name = `kind-${type.length}`
    await wire.call('POST', secrets, { body: { metadata: { name }, type, data: { key: base64('a') } } })
    assert.equal((await change(name, 'b')).status, 200)
    await wire.call('DELETE', `${secrets}/${name}`)
    assert.deepEqual(await shown(name), [])
  }
})

test('nobody writes versions, whatever rights they have', async () => {
  const token = await wire.account('writer', [versionRights, secretRights(all)])
  const body = {
    apiVersion: 'bulwark.dev/v1alpha1',
    kind: 'SecretVersion',
    metadata: { name: 'db:99' },
    secretName: 'db',
    secretUID: 'x',
    revision: 99,
  }
  assert.equal((await wire.call('POST', versions, { token, body })).status, 405)
  assert.equal((await wire.call('PUT', `${versions}/db:4`, { token, body })).status, 405)
  assert.equal((await wire.call('PATCH', `${versions}/db:4`, { token, body: {}, headers: merge })).status, 405)
  assert.equal(
    (await wire.call('GET', versions)).json.items.some(
      (one: { metadata: { name: string } }) => one.metadata.name === 'db:99',
    ),
    false,
  )
})

test('who may not read the Secret learns nothing of what it held, in no way of asking', async () => {
  await make('deep', 'canary-of-old')
  await change('deep', 'new')
  const blind = await wire.account('blind', [versionRights])
  const onlyFew = await wire.account('only-few', [versionRights, secretRights(['get', 'list', 'watch'], 'few')])
  const secretOnly = await wire.account('secret-only', [secretRights(['get', 'list', 'watch'])])
  const both = await wire.account('both', [versionRights, secretRights(['get', 'list', 'watch'])])
  const foreground = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' }
  const ways: readonly (readonly [string, string, object?])[] = [
    ['GET', `${versions}/deep:1`],
    ['GET', versions],
    ['GET', '/apis/bulwark.dev/v1alpha1/secretversions'],
    ['GET', `${versions}?watch=true&timeoutSeconds=1`],
    ['GET', `${versions}?fieldSelector=metadata.name%3Ddeep:1`],
    ['GET', `${versions}?fieldSelector=secretName%3Dfew`],
    ['GET', '/apis/bulwark.dev/v1alpha1/watch/namespaces/default/secretversions/deep:1'],
    ['DELETE', `${versions}/deep:1`, foreground],
    ['DELETE', versions, foreground],
  ]
  for (const token of [blind, onlyFew, secretOnly])
    for (const [method, path, body] of ways) {
      const reply = await wire.call(method, path, { token, ...(body === undefined ? {} : { body }) })
      assert.equal(reply.status, 403, `${method} ${path}`)
      assert.ok(!reply.text.includes(base64('canary-of-old')))
    }
  assert.match(
    (await wire.call('GET', versions, { token: blind })).json.message,
    /for those who may list the Secret itself$/,
  )
  assert.equal((await wire.call('GET', `${versions}/few:4`, { token: onlyFew })).status, 200)
  assert.equal((await wire.call('GET', `${versions}/deep:1`, { token: both })).status, 200)
  assert.equal((await wire.call('GET', versions, { token: both })).status, 200)
})

test('nodes that run a pod with the Secret do not read what it held', async () => {
  const node = wire.cluster.as('system:node:n', ['system:nodes'])
  await wire.call('POST', '/api/v1/nodes', { body: { metadata: { name: 'n' } } })
  const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'deep' } }] }] }
  await wire.call('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } })
  const pod = await wire.call('POST', '/api/v1/namespaces/default/pods', { body: { metadata: { name: 'p' }, spec } })
  assert.equal(pod.status, 201, pod.text)
  const secretRef = { group: '', version: 'v1', resource: 'secrets', kind: 'Secret', namespaced: true }
  const versionRef = {
    group: 'bulwark.dev',
    version: 'v1alpha1',
    resource: 'secretversions',
    kind: 'SecretVersion',
    namespaced: true,
  }
  assert.equal((await node.get(secretRef, 'default/deep')).metadata.name, 'deep')
  await assert.rejects(node.get(versionRef, 'default/deep:1'), { reason: 'Forbidden' })
})

test('who may edit a namespace reads versions there, who may view it does not', async () => {
  const bind = async (name: string, role: string): Promise<string> => {
    const token = await wire.account(name, [])
    await wire.call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      body: {
        metadata: { name: `${name}-${role}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }],
      },
    })
    return token
  }
  const role = (
    await wire.call('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:bulwark:secret-versions')
  ).json
  assert.deepEqual(role.metadata.labels['rbac.authorization.k8s.io/aggregate-to-edit'], 'true')
  const viewer = await bind('viewer', 'view')
  assert.equal((await wire.call('GET', versions, { token: viewer })).status, 403)
})

test('reads of versions are on record, without what is in them', () => {
  const reads = events.filter(event => event.objectRef?.resource === 'secretversions' && event.verb === 'get')
  assert.ok(reads.length > 0)
  assert.ok(!JSON.stringify(events).includes(base64('canary-of-old')))
})

test('a deleted Secret leaves its last content, and a new one of the name counts on', async () => {
  await make('gone', 'first')
  await change('gone', 'second')
  await wire.call('DELETE', `${secrets}/gone`)
  assert.deepEqual(await shown('gone'), [
    { name: 'gone:1', value: 'first' },
    { name: 'gone:2', value: 'second' },
  ])
  const { json } = await wire.call('GET', `${versions}/gone:2`)
  assert.ok(Date.parse(json.expiresAt) - Date.parse(json.metadata.creationTimestamp) === 24 * 3600 * 1000)
  await make('gone', 'third')
  await change('gone', 'fourth')
  assert.equal((await shown('gone')).at(-1)?.name, 'gone:3')
  await make('quiet', 'x', { annotations: { 'bulwark.dev/keep-versions': '0' } })
  await change('quiet', 'y')
  await wire.call('DELETE', `${secrets}/quiet`)
  assert.deepEqual(await shown('quiet'), [])
})

test('finalizers: the content is kept when the Secret really goes', async () => {
  await make('held', 'inside', { finalizers: ['x.dev/hold'] })
  await wire.call('DELETE', `${secrets}/held`)
  assert.deepEqual(await shown('held'), [])
  await wire.call('PATCH', `${secrets}/held`, { headers: merge, body: { metadata: { finalizers: null } } })
  assert.deepEqual(await shown('held'), [{ name: 'held:1', value: 'inside' }])
})

test('the plugin can be off, and be told otherwise', async () => {
  const off = await openWire({ controllers: false, plugins: { disable: ['SecretVersions'] } })
  const configuration = {
    apiVersion: 'bulwark.dev/v1alpha1',
    kind: 'SecretVersionsConfiguration',
    keep: 1,
    afterDeletion: '0s',
  }
  const one = await openWire({
    controllers: false,
    admissionConfiguration: {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [{ name: 'SecretVersions', configuration }],
    },
  })
  for (const [there, during, after_] of [
    [off, 0, 0],
    [one, 1, 0],
  ] as const) {
    await there.call('POST', secrets, { body: { metadata: { name: 's' }, data: { key: base64('a') } } })
    for (const text of ['b', 'c'])
      await there.call('PATCH', `${secrets}/s`, { headers: merge, body: { data: { key: base64(text) } } })
    assert.equal((await there.call('GET', versions)).json.items.length, during)
    await there.call('DELETE', `${secrets}/s`)
    assert.equal((await there.call('GET', versions)).json.items.length, after_)
    await there.stop()
  }
})
