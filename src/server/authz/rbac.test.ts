import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KObject } from '#api/metadata.ts'
import type { Attributes, User } from '#api/request.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { type Verdict, refusal } from './authorize.ts'
import { makeRbac } from './rbac.ts'

const clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined }
const group = 'rbac.authorization.k8s.io'
const user = (name: string, ...groups: string[]): User => ({ name, groups, source: 'test' }) as unknown as User
const asked = (namespace: string, name = ''): Attributes => ({
  verb: 'get',
  resourceRequest: true,
  group: '',
  version: 'v1',
  resource: 'secrets',
  subresource: '',
  namespace,
  name,
})
const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }]

function opened() {
  const store = openMemoryStore({ clock, decode: (_, text): KObject => JSON.parse(text) })
  const rbac = makeRbac(store)
  const put = (resource: string, key: string, rest: object) => {
    const [name = '', namespace] = key.split('/').toReversed()
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
    const object = { apiVersion: `${group}/v1`, kind: 'X', metadata, ...rest }
    return store.commit([{ type: 'put', resource: `${resource}.${group}`, key, managed: '', object }])
  }
  const bind = (resource: string, key: string, kind: string, ...subjects: object[]) =>
    put(resource, key, { roleRef: { apiGroup: group, kind, name: 'reader' }, subjects })
  const may = (who: User, namespace: string): boolean => {
    const said = rbac.authorizer(who, asked(namespace)) as Verdict
    return said.opinion === 'allow'
  }
  const why = (who: User, namespace: string): string | undefined =>
    (rbac.authorizer(who, asked(namespace)) as Verdict).reason
  const close = async (): Promise<void> => {
    rbac.close()
    await store.close()
  }
  return { store, put, bind, may, why, close }
}

test('a binding in a namespace gives rights there alone, one of the cluster everywhere; changes count at once', async () => {
  const { put, bind, may, store, close } = opened()
  const alice = user('alice', 'readers')
  assert.equal(may(alice, 'a'), false)
  await put('clusterroles', 'reader', { rules })
  await bind('rolebindings', 'a/one', 'ClusterRole', { kind: 'User', name: 'alice' })
  assert.deepEqual([may(alice, 'a'), may(alice, 'b'), may(alice, '')], [true, false, false])
  await bind('clusterrolebindings', 'all', 'ClusterRole', { kind: 'Group', name: 'readers' })
  assert.deepEqual([may(alice, 'b'), may(alice, ''), may(user('bob'), 'b')], [true, true, false])
  await store.commit([{ type: 'delete', resource: `clusterrolebindings.${group}`, key: 'all' }])
  assert.deepEqual([may(alice, 'a'), may(alice, 'b')], [true, false])
  await put('clusterroles', 'reader', { rules: [] })
  assert.equal(may(alice, 'a'), false)
  await close()
})

test('a role of one namespace is no role of another, and a missing one gives nothing', async () => {
  const { put, bind, may, close } = opened()
  await put('roles', 'a/reader', { rules })
  await bind('rolebindings', 'b/one', 'Role', { kind: 'User', name: 'alice' })
  assert.deepEqual([may(user('alice'), 'a'), may(user('alice'), 'b')], [false, false])
  await close()
})

test('service accounts are of the namespace that the binding names, or its own', async () => {
  const { put, bind, may, close } = opened()
  await put('clusterroles', 'reader', { rules })
  await bind('rolebindings', 'a/one', 'ClusterRole', { kind: 'ServiceAccount', name: 'robot' })
  await bind('rolebindings', 'b/one', 'ClusterRole', { kind: 'ServiceAccount', name: 'robot', namespace: 'c' })
  const robot = (namespace: string): User => user(`system:serviceaccount:${namespace}:robot`)
  assert.deepEqual([may(robot('a'), 'a'), may(robot('c'), 'a')], [true, false])
  assert.deepEqual([may(robot('a'), 'b'), may(robot('c'), 'b')], [false, true])
  await close()
})

test('a user whose name looks like a list of groups has none of their rights', async () => {
  const { put, bind, may, close } = opened()
  await put('clusterroles', 'reader', { rules })
  await bind('clusterrolebindings', 'all', 'ClusterRole', { kind: 'Group', name: 'readers' })
  assert.equal(may(user('alice', 'readers'), 'a'), true)
  for (const name of ['alice\nGroup readers', 'alice","Group readers', 'Group readers', 'readers'])
    assert.equal(may(user(name), 'a'), false, name)
  await close()
})

test('what allows is named as upstream names it, and what does not is silent', async () => {
  const { put, bind, why, close } = opened()
  await put('clusterroles', 'reader', { rules })
  await put('roles', 'a/reader', { rules })
  await bind('rolebindings', 'a/one', 'ClusterRole', { kind: 'User', name: 'alice' })
  assert.equal(why(user('alice'), 'a'), 'RBAC: allowed by RoleBinding "one/a" of ClusterRole "reader" to User "alice"')
  assert.equal(why(user('alice'), 'b'), undefined)
  await bind('rolebindings', 'b/robots', 'ClusterRole', { kind: 'ServiceAccount', name: 'robot' })
  const robot = user('system:serviceaccount:b:robot')
  assert.equal(
    why(robot, 'b'),
    'RBAC: allowed by RoleBinding "robots/b" of ClusterRole "reader" to ServiceAccount "robot/b"',
  )
  await bind('rolebindings', 'a/own', 'Role', { kind: 'User', name: 'bob' }, { kind: 'Group', name: 'devs' })
  assert.equal(why(user('bob', 'devs'), 'a'), 'RBAC: allowed by RoleBinding "own/a" of Role "reader" to User "bob"')
  // The first subject that is them counts, whoever they are besides.
  await bind(
    'clusterrolebindings',
    'all',
    'ClusterRole',
    { kind: 'Group', name: 'devs' },
    { kind: 'User', name: 'bob' },
  )
  const group = 'RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "reader" to Group "devs"'
  for (const namespace of ['a', 'b', '']) assert.equal(why(user('bob', 'others', 'devs'), namespace), group)
  await close()
})

test('a name that looks like the end of a sentence stays within its quotes', async () => {
  const { put, bind, why, close } = opened()
  await put('clusterroles', 'reader', { rules })
  const name = 'eve" of ClusterRole "view\n'
  await bind('clusterrolebindings', 'all', 'ClusterRole', { kind: 'User', name })
  assert.equal(
    why(user(name), 'a'),
    String.raw`RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "reader" to User "eve\" of ClusterRole \"view\n"`,
  )
  await close()
})

test('a refusal has the words that clients match', () => {
  const alice = user('alice')
  const words = (attributes: Partial<Attributes>): string => refusal(alice, { ...asked(''), ...attributes }).message
  assert.equal(
    words({ namespace: 'a', name: 'x' }),
    'secrets "x" is forbidden: User "alice" cannot get resource "secrets" in API group "" in the namespace "a"',
  )
  assert.equal(
    words({ group: 'apps', resource: 'deployments', subresource: 'scale', verb: 'update' }),
    'deployments.apps is forbidden: User "alice" cannot update resource "deployments/scale" in API group "apps" at the cluster scope',
  )
  assert.equal(
    words({ resourceRequest: false, path: '/metrics' }),
    'forbidden: User "alice" cannot get path "/metrics"',
  )
  assert.equal(refusal(alice, asked('a')).code, 403)
})
