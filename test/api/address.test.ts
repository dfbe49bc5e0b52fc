import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Wire, openWire } from './wire.ts'

let wire: Wire
before(async () => {
  wire = await openWire()
})
after(() => wire.stop())

const everything = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
const csr = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

test('all rights in one namespace give none on what lies outside of it', async () => {
  const token = await wire.account('lord', everything)
  await wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'other' } } })
  await wire.call('POST', '/api/v1/nodes', { body: { metadata: { name: 'n' } } })
  assert.equal((await wire.call('GET', '/api/v1/namespaces/default', { token })).status, 200)
  const refused = [
    ['GET', '/api/v1/namespaces/default/namespaces/other'],
    ['DELETE', '/api/v1/namespaces/default/namespaces/other'],
    ['GET', '/api/v1/namespaces/default/namespaces'],
    ['GET', '/api/v1/namespaces/default/nodes'],
    ['GET', '/api/v1/namespaces/default/nodes/n'],
    ['DELETE', '/api/v1/namespaces/default/nodes/n'],
    ['PUT', '/api/v1/namespaces/default/namespaces/other/finalize'],
    ['GET', '/apis/certificates.k8s.io/v1/namespaces/default/certificatesigningrequests/x/approval'],
    ['POST', '/apis/authorization.k8s.io/v1/namespaces/default/subjectaccessreviews'],
    ['POST', '/apis/authentication.k8s.io/v1/namespaces/default/tokenreviews'],
  ] as const
  for (const [method, path] of refused) {
    const { status } = await wire.call(method, path, { token, ...(method === 'GET' ? {} : { body: {} }) })
    assert.equal(status, 404, `${method} ${path}`)
  }
  assert.equal((await wire.call('GET', '/api/v1/namespaces/other')).json.metadata.deletionTimestamp, undefined)
  assert.equal((await wire.call('GET', csr, { token })).status, 403)
})

test('writes across all namespaces, and methods that a path does not have, are not allowed', async () => {
  const map = { metadata: { name: 'x', namespace: 'default' } }
  await wire.call('POST', '/api/v1/namespaces/default/configmaps', { body: map })
  const refused = [
    ['DELETE', '/api/v1/configmaps', 405],
    ['POST', '/api/v1/configmaps', 405],
    ['GET', '/api/v1/configmaps/x', 404],
    ['POST', '/api/v1/namespaces/default/configmaps/y', 405],
    ['PUT', '/api/v1/namespaces/default/configmaps', 405],
    ['PATCH', '/api/v1/namespaces/default/configmaps', 405],
    ['PUT', '/apis/coordination.k8s.io/v1/namespaces/default/leases', 405],
    ['OPTIONS', '/api/v1/namespaces/default/configmaps', 405],
    ['GET', '/api/v1/namespaces/default/configmaps/x/nothing', 404],
    ['GET', '/api/v1/namespaces/default/configmaps/x/status', 404],
    ['GET', '/api/v1/namespaces/default/nothings', 404],
    ['GET', '/api/v1/namespaces/default/pods/x/binding', 405],
    ['GET', '/api/v1/namespaces/default/configmaps/x%2Fy', 400],
    ['GET', '/api/v1/namespaces/default/configmaps/..', 400],
  ] as const
  for (const [method, path, status] of refused) {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const body =
      method === 'POST' || method === 'PUT' || method === 'PATCH' ? { body: { metadata: { name: 'y' } } } : {}
    const reply = await wire.call(method, path, { ...body, headers: { 'content-type': type } })
    assert.equal(reply.status, status, `${method} ${path}: ${reply.text}`)
    assert.equal(reply.json.kind, 'Status', path)
  }
  assert.equal((await wire.call('GET', '/api/v1/namespaces/default/configmaps/x')).status, 200)
})

test('rights on one name allow to list and watch that name', async () => {
  const rules = [
    { verbs: ['list', 'watch', 'deletecollection'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] },
  ]
  const token = await wire.account('narrow', rules)
  for (const name of ['mine', 'others'])
    await wire.call('POST', '/api/v1/namespaces/default/secrets', { body: { metadata: { name } } })
  const at = '/api/v1/namespaces/default/secrets'
  const { json } = await wire.call('GET', `${at}?fieldSelector=metadata.name%3Dmine`, { token })
  assert.deepEqual(
    json.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['mine'],
  )
  for (const query of ['', '?fieldSelector=metadata.name!%3Dmine', '?fieldSelector=metadata.name%3Dothers'])
    assert.equal((await wire.call('GET', at + query, { token })).status, 403, query)
  const both = `${at}?fieldSelector=metadata.name%3Dmine&fieldSelector=metadata.name%3Dothers`
  assert.equal((await wire.call('GET', both, { token })).json.items.length, 1)
})

test('the body of an update names what its URL names', async () => {
  const at = '/api/v1/namespaces/default/configmaps/named'
  await wire.call('POST', '/api/v1/namespaces/default/configmaps', { body: { metadata: { name: 'named' } } })
  const put = async (metadata: object) => (await wire.call('PUT', at, { body: { metadata } })).status
  assert.equal(await put({ name: 'named' }), 200)
  assert.equal(await put({ name: 'named', namespace: '' }), 200)
  assert.equal(await put({ name: 'named', namespace: 'default' }), 200)
  assert.equal(await put({}), 400)
  assert.equal(await put({ name: 'other' }), 400)
  assert.equal(await put({ name: 'named', namespace: 'other' }), 400)
  const node = '/api/v1/nodes/placed'
  await wire.call('POST', '/api/v1/nodes', { body: { metadata: { name: 'placed' } } })
  const reply = await wire.call('PUT', node, { body: { metadata: { name: 'placed', namespace: 'default' } } })
  assert.deepEqual([reply.status, reply.json.metadata.namespace], [200, undefined])
})
