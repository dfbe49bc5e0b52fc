/** Nobody gives what they do not have. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Wire, openWire } from './wire.ts'

let wire: Wire
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const local = `${rbac}/namespaces/default`
const read = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }
const write = { verbs: ['delete'], apiGroups: [''], resources: ['pods'] }
const roles = { verbs: ['*'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'] }
const role = (name: string, ...rules: object[]) => ({ metadata: { name }, rules })
const binding = (name: string, kind: string, to: string) => ({
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: to },
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'friend' }],
})
const merge = { 'content-type': 'application/merge-patch+json' }
const apply = { 'content-type': 'application/apply-patch+yaml' }

before(async () => {
  wire = await openWire()
  await wire.call('POST', `${local}/roles`, { body: role('strong', write) })
  await wire.call('POST', `${local}/roles`, { body: role('weak', read) })
})
after(() => wire.stop())

test('roles: only what one has, whichever way it is written', async () => {
  const token = await wire.account('manager', [
    { ...roles, verbs: ['get', 'create', 'update', 'patch', 'delete'] },
    read,
  ])
  const post = async (body: object) => (await wire.call('POST', `${local}/roles`, { token, body })).status
  assert.equal(await post(role('mine', read)), 201)
  assert.equal(await post(role('more', read, write)), 403)
  assert.equal(await post(role('any', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] })), 403)
  assert.equal(await post(role('paths', { verbs: ['get'], nonResourceURLs: ['*'] })), 422)
  const send = (method: string, body: object, headers: Record<string, string> = {}) =>
    wire.call(method, `${local}/roles/mine${headers === apply ? '?fieldManager=x&force=true' : ''}`, {
      token,
      body,
      headers,
    })
  const full = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', ...role('mine', write) }
  const tries = [
    await send('PUT', full),
    await send('PATCH', { rules: [write] }, merge),
    await send('PATCH', full, apply),
    await send('PATCH', [{ op: 'replace', path: '/rules', value: [write] }], {
      'content-type': 'application/json-patch+json',
    }),
  ]
  for (const { status, json } of tries) {
    assert.equal(status, 403)
    assert.match(json.message, /is attempting to grant RBAC permissions not currently held:\n\{APIGroups:/)
  }
  const applied = await wire.call('PATCH', `${local}/roles/fresh?fieldManager=x`, {
    token,
    headers: apply,
    body: { ...full, metadata: { name: 'fresh' } },
  })
  assert.equal(applied.status, 403)
  assert.equal((await send('PATCH', { metadata: { labels: { a: 'b' } } }, merge)).status, 200)
})

test('bindings: only to roles whose rights one has, or may bind', async () => {
  const may = {
    verbs: ['bind'],
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['roles'],
    resourceNames: ['strong'],
  }
  const plain = { ...roles, verbs: ['get', 'create', 'update', 'patch'] }
  const reader = await wire.account('reader', [plain, read])
  const binder = await wire.account('binder', [plain, may])
  const post = async (token: string, body: object) =>
    (await wire.call('POST', `${local}/rolebindings`, { token, body })).status
  assert.equal(await post(reader, binding('r-weak', 'Role', 'weak')), 201)
  assert.equal(await post(reader, binding('r-strong', 'Role', 'strong')), 403)
  assert.equal(await post(reader, binding('r-admin', 'ClusterRole', 'cluster-admin')), 403)
  assert.equal(await post(reader, binding('r-none', 'Role', 'none')), 403)
  assert.equal(await post(binder, binding('b-strong', 'Role', 'strong')), 201)
  assert.equal(await post(binder, binding('b-weak', 'Role', 'weak')), 403)
  assert.equal(await post(binder, binding('b-admin', 'ClusterRole', 'cluster-admin')), 403)
  const join = { subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'me' }] }
  const joined = await wire.call('PATCH', `${local}/rolebindings/b-strong`, {
    token: reader,
    headers: merge,
    body: join,
  })
  assert.equal(joined.status, 403)
})

test('the right to escalate is enough, and is asked for by that name', async () => {
  const token = await wire.account('escalator', [{ ...roles, verbs: ['create', 'escalate'] }])
  assert.equal((await wire.call('POST', `${local}/roles`, { token, body: role('beyond', write) })).status, 201)
})

test('without or with broken credentials: 401, which says nothing', async () => {
  const tries = [
    { token: '' },
    { token: 'nonsense' },
    { token: 'a.b.c' },
    { token: '', headers: { authorization: 'Basic YTpi' } },
  ]
  for (const call of tries) {
    const { status, json } = await wire.call('GET', `${local}/roles`, call)
    assert.deepEqual([status, json.message, json.details], [401, 'Unauthorized', undefined])
  }
  const both = await wire.call('GET', `${local}/roles`, { token: 'nonsense', both: true })
  assert.equal(both.status, 200, 'the certificate comes first, as upstream has it')
})
