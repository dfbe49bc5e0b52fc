import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Right as Asked } from '#api/status.ts'
import { explainer } from './explain.ts'
import type { Objects } from './whocan/holders.ts'
import type { BindingObject, PolicyRule, RoleObject } from './rbac-types.ts'
import { compile } from './rules.ts'

const apiVersion = 'rbac.authorization.k8s.io/v1'
const role = (name: string, rules: readonly PolicyRule[], namespace?: string): RoleObject => ({
  apiVersion,
  kind: namespace === undefined ? 'ClusterRole' : 'Role',
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  rules,
})
const binding = (kind: string, name: string, namespace?: string): BindingObject => ({
  apiVersion,
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name: `${name}-to-ann`, ...(namespace === undefined ? {} : { namespace }) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
  subjects: [{ kind: 'User', name: 'ann' }],
})
const asked = (rest: Partial<Asked> = {}): Asked => ({
  verb: 'delete',
  resourceRequest: true,
  group: '',
  resource: 'pods',
  subresource: '',
  namespace: 'team',
  name: 'web',
  ...rest,
})
const explain = (objects: Objects, who: { name: string; groups: readonly string[] }, question: Asked) =>
  explainer(objects)(who, question)
const ann = { name: 'ann', groups: ['ops', 'system:authenticated'] }
const nothing = { roles: [], clusterRoles: [], roleBindings: [], clusterRoleBindings: [] }

const withRule = (rule: PolicyRule, where: string | undefined = 'team') => ({
  ...nothing,
  clusterRoles: [role('some', [{ verbs: ['get'], apiGroups: ['x'], resources: ['y'] }, rule])],
  roleBindings: where === undefined ? [] : [binding('ClusterRole', 'some', where)],
})

test('rules that fail in one respect are named, with that respect', () => {
  const rule = { verbs: ['delete'], apiGroups: [''], resources: ['pods'] }
  const cases: readonly (readonly [PolicyRule, string | undefined])[] = [
    [{ ...rule, verbs: ['get', 'list'] }, 'verb'],
    [{ ...rule, apiGroups: ['apps'] }, 'group'],
    [{ ...rule, resources: ['services'] }, 'resource'],
    [{ ...rule, resources: ['pods/log'] }, 'resource'],
    [{ ...rule, resourceNames: ['other'] }, 'name'],
    [{ ...rule, verbs: ['get'], resources: ['services'] }, undefined],
    [{ verbs: ['delete'], nonResourceURLs: ['/logs'] }, undefined],
  ]
  for (const [one, fails] of cases) {
    const { allowed, near } = explain(withRule(one), ann, asked())
    assert.equal(allowed, false)
    assert.deepEqual(
      near.map(found => [found.fails, found.rule, found.binding.metadata.name]),
      fails === undefined ? [] : [[fails, 1, 'some-to-ann']],
      JSON.stringify(one),
    )
  }
  const elsewhere = explain(withRule(rule, 'other'), ann, asked())
  assert.deepEqual(
    elsewhere.near.map(found => found.fails),
    ['namespace'],
  )
  const paths = { ...nothing, clusterRoles: [role('p', [{ verbs: ['get'], nonResourceURLs: ['/logs'] }])] }
  const path = asked({ resourceRequest: false, verb: 'get', path: '/metrics', namespace: '', resource: '', name: '' })
  const bound = { ...paths, clusterRoleBindings: [binding('ClusterRole', 'p')] }
  assert.deepEqual(
    explain(bound, ann, path).near.map(found => found.fails),
    ['path'],
  )
})

test('what is allowed by now is said so; what is bound to others is not told', () => {
  const rule = { verbs: ['delete'], apiGroups: [''], resources: ['pods'] }
  assert.equal(explain(withRule(rule), ann, asked()).allowed, true)
  assert.equal(explain(nothing, { name: 'x', groups: ['system:masters'] }, asked()).allowed, true)
  const other = explain(withRule({ ...rule, verbs: ['get'] }), { name: 'bob', groups: [] }, asked())
  assert.deepEqual(other.near, [])
})

test('the least that allows it allows it, and nothing beside it', () => {
  const questions = [
    asked(),
    asked({ verb: 'create', name: '' }),
    asked({ verb: 'list', name: '' }),
    asked({ group: 'apps', resource: 'deployments', subresource: 'scale', verb: 'patch' }),
    asked({ namespace: '', resource: 'nodes', verb: 'get' }),
    asked({ resourceRequest: false, verb: 'get', path: '/metrics', namespace: '', resource: '', name: '' }),
  ]
  for (const question of questions) {
    const grant = explain(nothing, ann, question).grant ?? assert.fail()
    const index = compile(grant.role.rules ?? [])
    assert.ok(index.covers(question))
    for (const other of ['get', 'create', 'delete'] as const)
      if (other !== question.verb) assert.equal(index.covers({ ...question, verb: other }), false)
    if (question.name !== '') assert.equal(index.covers({ ...question, name: 'another' }), false)
    const objects = {
      ...nothing,
      roles: grant.role.kind === 'Role' ? [grant.role] : [],
      clusterRoles: grant.role.kind === 'Role' ? [] : [grant.role],
      roleBindings: grant.role.kind === 'Role' ? [grant.binding] : [],
      clusterRoleBindings: grant.role.kind === 'Role' ? [] : [grant.binding],
    }
    assert.equal(explain(objects, ann, question).allowed, true)
    assert.equal(explain(objects, { name: 'bob', groups: ['ops'] }, question).allowed, false)
  }
})

test('commands are for a shell, whatever the names are', () => {
  const robot = explain(nothing, { name: 'system:serviceaccount:team:robot', groups: [] }, asked())
  assert.deepEqual(robot.grant?.commands, [
    'kubectl create role delete-pods --verb=delete --resource=pods --resource-name=web -n team',
    'kubectl create rolebinding delete-pods --role=delete-pods --serviceaccount=team:robot -n team',
  ])
  const hostile = explain(
    nothing,
    { name: "a'; rm -rf / #", groups: [] },
    asked({ group: 'apps', subresource: 'scale' }),
  )
  assert.match(hostile.grant?.commands[1] ?? '', /--user='a'\\''; rm -rf \/ #' -n team$/)
  assert.match(hostile.grant?.commands[0] ?? '', /--resource=pods\.apps\/scale /)
})

test('what a rule or a command would take for more than itself gets none', () => {
  const path = (text: string) =>
    asked({ resourceRequest: false, verb: 'get', path: text, namespace: '', resource: '', name: '' })
  const traps = [
    asked({ resource: '*' }),
    asked({ group: '*' }),
    asked({ subresource: '*' }),
    asked({ resource: 'pods,secrets' }),
    asked({ subresource: 'log,secrets' }),
    path('/logs*'),
    path('/logs,*'),
    path('/logs,/metrics'),
    path('"/logs","/metrics"'),
  ]
  for (const trap of traps) assert.equal(explain(nothing, ann, trap).grant, undefined, JSON.stringify(trap))
  assert.ok(explain(nothing, ann, asked({ name: 'a,b' })).grant !== undefined)
})

test('two thousand refusals among five thousand bindings are explained at once', () => {
  const many = {
    ...nothing,
    clusterRoles: Array.from({ length: 1000 }, (_, at) => role(`r${at}`, [{ verbs: ['get'], resources: ['pods'] }])),
    roleBindings: Array.from({ length: 5000 }, (_, at) => ({
      ...binding('ClusterRole', `r${at % 1000}`, `n${at % 100}`),
      subjects: [{ kind: 'User', name: `u${at}` }],
    })),
  }
  const began = performance.now()
  const explains = explainer(many)
  for (let at = 0; at < 2000; at++) assert.equal(explains(ann, asked()).allowed, false)
  assert.ok(performance.now() - began < 1000)
})

test('versions of a Secret need the Secret as well: what is missing is what is explained', () => {
  const version = asked({ verb: 'get', group: 'bulwark.dev', resource: 'secretversions', name: 'db:3' })
  const versions = { verbs: ['get'], apiGroups: ['bulwark.dev'], resources: ['secretversions'] }
  const half = explain(withRule(versions), ann, version)
  assert.equal(half.allowed, false)
  assert.deepEqual(half.grant?.role.rules, [
    { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['db'] },
  ])
  const whole = { verbs: ['get'], apiGroups: ['bulwark.dev', ''], resources: ['secretversions', 'secrets'] }
  assert.equal(explain(withRule(whole), ann, version).allowed, true)
  assert.equal(explain(withRule(versions), { name: 'root', groups: ['system:masters'] }, version).allowed, true)
})
