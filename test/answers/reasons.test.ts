/** What is allowed says by which binding: in reviews, and in the audit. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Event } from '../../src/kinds/facts/generated/types/audit_v1.ts'
import type { SubjectAccessReview } from '../../src/kinds/facts/generated/types/authorization_v1.ts'
import { type Setting, startSetting } from '../audit/setting.ts'

let setting: Setting
const send = async (path: string, body: object, user?: string) => {
  const { code, text } = await setting.target.send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(user === undefined ? {} : { 'impersonate-user': user }) },
    body: JSON.stringify(body),
  })
  assert.equal(code, 201, text)
  return JSON.parse(text) as SubjectAccessReview
}
const rbac = 'rbac.authorization.k8s.io'
before(async () => {
  setting = await startSetting()
  await send(`/apis/${rbac}/v1/namespaces/default/roles`, {
    metadata: { name: 'maker' },
    rules: [{ verbs: ['create'], apiGroups: [''], resources: ['configmaps'] }],
  })
  await send(`/apis/${rbac}/v1/namespaces/default/rolebindings`, {
    metadata: { name: 'ann-makes' },
    roleRef: { apiGroup: rbac, kind: 'Role', name: 'maker' },
    subjects: [{ kind: 'User', apiGroup: rbac, name: 'ann' }],
  })
})
after(() => setting.stop())

const reason = 'RBAC: allowed by RoleBinding "ann-makes/default" of Role "maker" to User "ann"'
const resourceAttributes = { verb: 'create', resource: 'configmaps', namespace: 'default' }
const reviews = '/apis/authorization.k8s.io/v1'

test('all three access reviews tell the binding that allows, and nothing where none does', async () => {
  const asked = { user: 'ann', resourceAttributes }
  const { status } = await send(`${reviews}/subjectaccessreviews`, { spec: asked })
  assert.deepEqual(status, { allowed: true, reason })
  const local = await send(`${reviews}/namespaces/default/localsubjectaccessreviews`, { spec: asked })
  assert.deepEqual(local.status, { allowed: true, reason })
  const own = await send(`${reviews}/selfsubjectaccessreviews`, { spec: { resourceAttributes } }, 'ann')
  assert.deepEqual(own.status, { allowed: true, reason })
  const no = { user: 'ann', resourceAttributes: { ...resourceAttributes, verb: 'delete' } }
  assert.deepEqual((await send(`${reviews}/subjectaccessreviews`, { spec: no })).status, { allowed: false })
})

test('the audit of a write tells it as well', async () => {
  setting.taken()
  await send('/api/v1/namespaces/default/configmaps', { metadata: { name: 'one' } }, 'ann')
  const [event, ...more] = setting.taken(({ objectRef }: Event) => objectRef?.resource === 'configmaps')
  assert.deepEqual(more, [])
  assert.equal(event?.impersonatedUser?.username, 'ann')
  assert.equal(event?.annotations?.['authorization.k8s.io/decision'], 'allow')
  assert.equal(event?.annotations?.['authorization.k8s.io/reason'], reason)
})
