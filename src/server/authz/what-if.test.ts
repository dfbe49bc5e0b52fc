import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Right } from '#api/status.ts'
import type { BindingObject, RoleObject } from './rbac-types.ts'
import { type Recorded, whatIf, withObjects } from './what-if.ts'

const apiVersion = 'rbac.authorization.k8s.io/v1'
const role = (name: string, verbs: readonly string[], rest: Partial<RoleObject> = {}): RoleObject => ({
  apiVersion,
  kind: 'ClusterRole',
  metadata: { name, labels: { part: name } },
  rules: [{ verbs, apiGroups: [''], resources: ['pods'] }],
  ...rest,
})
const bound = (name: string, user: string): BindingObject => ({
  apiVersion,
  kind: 'ClusterRoleBinding',
  metadata: { name: `${name}-${user}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
  subjects: [{ kind: 'User', name: user }],
})
const asked = (verb: Right['verb'], name = ''): Right => ({
  verb,
  resourceRequest: true,
  group: '',
  resource: 'pods',
  subresource: '',
  namespace: 'team',
  name,
})
const recorded = (user: string, verb: Right['verb'], allowed: boolean): Recorded => ({
  who: { name: user, groups: ['system:authenticated'] },
  asked: asked(verb),
  allowed,
  byBinding: allowed,
})
const elsewhere = (user: string, verb: Right['verb']): Recorded => ({ ...recorded(user, verb, true), byBinding: false })
const now = {
  roles: [],
  clusterRoles: [role('reader', ['get', 'list'])],
  roleBindings: [],
  clusterRoleBindings: [bound('reader', 'ann')],
}
const changes = (proposal: Parameters<typeof withObjects>[1], requests: readonly Recorded[], before = now) =>
  whatIf(before, withObjects(before, proposal), requests).map(
    ({ recorded: one, becomes }) => `${one.who.name} ${one.asked.verb} ${becomes}`,
  )

test('what changes is told, what stays is not', () => {
  const requests = [
    recorded('ann', 'get', true),
    recorded('ann', 'list', true),
    recorded('ann', 'delete', false),
    recorded('bob', 'get', false),
  ]
  assert.deepEqual(changes([role('reader', ['get', 'delete'])], requests), ['ann list refused', 'ann delete allowed'])
  assert.deepEqual(changes([bound('reader', 'bob')], requests), ['bob get allowed'])
  assert.deepEqual(changes([role('unbound', ['*'])], requests), [])
  assert.deepEqual(changes([], requests), [])
})

test('what another authorizer allowed is no change, whatever roles say', () => {
  assert.deepEqual(changes([role('reader', ['*'])], [elsewhere('ann', 'delete')]), [])
  assert.deepEqual(changes([role('reader', [])], [elsewhere('ann', 'get')]), [])
  const masters = { ...elsewhere('root', 'delete'), who: { name: 'root', groups: ['system:masters'] } }
  assert.deepEqual(changes([role('reader', [])], [masters]), [])
})

test('what counts is what would be answered now, not what was then', () => {
  // Refused then, granted since, taken by the proposal; and granted since and left.
  assert.deepEqual(changes([role('reader', ['list'])], [recorded('ann', 'get', false)]), ['ann get refused'])
  assert.deepEqual(changes([role('reader', ['get'])], [recorded('ann', 'get', false)]), [])
  // Granted then, taken since, given back by the proposal; and left so.
  assert.deepEqual(changes([role('reader', ['delete'])], [recorded('ann', 'delete', true)]), ['ann delete allowed'])
  assert.deepEqual(changes([role('reader', ['get'])], [recorded('ann', 'delete', true)]), [])
})

test('versions of a Secret change with the right to the Secret', () => {
  const one = {
    ...recorded('ann', 'get', true),
    asked: { ...asked('get', 'db:1'), resource: 'secretversions', group: 'bulwark.dev' },
  }
  const rules = (...resources: string[]) => [{ verbs: ['get'], apiGroups: ['', 'bulwark.dev'], resources }]
  const before = { ...now, clusterRoles: [role('reader', [], { rules: rules('secretversions', 'secrets') })] }
  const less = role('reader', [], { rules: rules('secretversions') })
  assert.deepEqual(changes([less], [one], before), ['ann get refused'])
  assert.deepEqual(changes([less], [one], { ...before, clusterRoles: [role('reader', [])] }), [])
})

test('roles that are made of others change with them', () => {
  const sum = role('sum', [], {
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'reader' } }] },
    rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }],
  })
  const before = { ...now, clusterRoles: [...now.clusterRoles, sum], clusterRoleBindings: [bound('sum', 'ann')] }
  const requests = [recorded('ann', 'list', true), recorded('ann', 'watch', false)]
  assert.deepEqual(changes([role('reader', ['get', 'watch'])], requests, before), [
    'ann list refused',
    'ann watch allowed',
  ])
})

test('a part of a role that is a part of others changes all of them', () => {
  const made = (name: string, part: string): RoleObject =>
    role(name, [], { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part } }] } })
  const before = {
    ...now,
    // As upstream's admin, edit and view are: each is a part of the one above.
    clusterRoles: [made('admin', 'edit'), made('edit', 'view'), made('view', 'more')],
    clusterRoleBindings: [bound('admin', 'ann'), bound('edit', 'eve'), bound('view', 'vic')],
  }
  const requests = ['ann', 'eve', 'vic', 'bob'].map(user => recorded(user, 'get', false))
  const allowed = ['ann get allowed', 'eve get allowed', 'vic get allowed']
  assert.deepEqual(changes([role('more', ['get'])], requests, before), allowed)
  const circle = [...before.clusterRoles, made('more', 'admin')]
  assert.deepEqual(changes([role('other', ['get'])], requests, { ...before, clusterRoles: circle }), [])
  // One that is made of nothing has no rules of its own for long.
  assert.deepEqual(changes([role('edit', ['get'], { aggregationRule: {} })], requests, before), [])
})
