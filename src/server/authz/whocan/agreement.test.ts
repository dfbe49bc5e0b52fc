/** Who can do something, asked both ways: of all at once, and of the authorizers for each of them. */
import { seeded } from '#base/seeded.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Attributes, User, Verb } from '#api/request.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { type Authorizer, verdict } from '../authorize.ts'
import type { BindingObject, PolicyRule, RoleObject, Subject } from '../rbac-types.ts'
import { makeRbac, masters } from '../rbac.ts'
import { secretVersionsGuard } from '../secret-versions.ts'
import { type Facts, type Question, whoCan } from './search.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const random = seeded(seed)
const pick = <T>(list: readonly [T, ...T[]]): T => list[Math.floor(random() * list.length)] ?? list[0]
const some = <T>(list: readonly [T, ...T[]], most = 3): readonly T[] => [
  ...new Set(Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(list))),
]
const times = <T>(count: number, make: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at))

const group = 'rbac.authorization.k8s.io'
const verbs = ['get', 'list', 'watch', 'create', 'update', 'delete', 'deletecollection'] as const
const groups = ['', 'apps', 'bulwark.dev'] as const
const resources = ['pods', 'secrets', 'secretversions', 'deployments'] as const
const places = ['one', 'two'] as const
const names = ['a', 'b', 'a:1', 'b:2'] as const
const paths = ['/logs', '/logs/a', '/metrics'] as const

const rule = (cluster: boolean): PolicyRule =>
  cluster && random() < 0.2
    ? { verbs: some([...verbs, '*']), nonResourceURLs: some([...paths, '/logs/*', '*']) }
    : {
        verbs: some([...verbs, '*']),
        apiGroups: some([...groups, '*']),
        resources: some([...resources, 'pods/log', '*/log', '*']),
        ...(random() < 0.4 ? { resourceNames: some(names, 2) } : {}),
      }

const role = (at: number, namespace?: string): RoleObject => ({
  apiVersion: `${group}/v1`,
  kind: namespace === undefined ? 'ClusterRole' : 'Role',
  metadata: { name: `r${at}`, ...(namespace === undefined ? {} : { namespace }) },
  rules: times(1 + Math.floor(random() * 2), () => rule(namespace === undefined)),
})

const everybody: readonly [Subject, ...Subject[]] = [
  { kind: 'User', name: 'u1' },
  { kind: 'User', name: 'u2' },
  { kind: 'User', name: 'system:anonymous' },
  { kind: 'Group', name: 'g1' },
  { kind: 'Group', name: 'g2' },
  { kind: 'Group', name: 'system:authenticated' },
  { kind: 'Group', name: 'system:unauthenticated' },
  { kind: 'Group', name: 'system:serviceaccounts' },
  { kind: 'Group', name: 'system:serviceaccounts:one' },
  { kind: 'ServiceAccount', namespace: 'one', name: 'robot' },
  { kind: 'ServiceAccount', namespace: 'two', name: 'robot' },
]

/** In a namespace, an account of it may be named without one, and everywhere as a user. */
function subject(namespace: string | undefined): Subject {
  const one = pick(everybody)
  if (one.kind !== 'ServiceAccount' || random() < 0.5) return one
  if (one.namespace === namespace) return { kind: one.kind, name: one.name }
  return { kind: 'User', name: `system:serviceaccount:${one.namespace}:${one.name}` }
}

const binding = (at: number, namespace?: string): BindingObject => ({
  apiVersion: `${group}/v1`,
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name: `b${at}`, ...(namespace === undefined ? {} : { namespace }) },
  roleRef: {
    apiGroup: group,
    kind: namespace !== undefined && random() < 0.5 ? 'Role' : 'ClusterRole',
    name: `r${Math.floor(random() * 9)}`,
  },
  subjects: times(1 + Math.floor(random() * 2), () => subject(namespace)),
})

const question = (): Question =>
  random() < 0.15
    ? {
        verb: pick(verbs),
        resourceRequest: false,
        group: '',
        resource: '',
        subresource: '',
        namespace: '',
        name: '',
        path: pick(paths),
      }
    : {
        verb: pick(verbs),
        resourceRequest: true,
        group: pick(groups),
        resource: pick(resources),
        subresource: random() < 0.2 ? 'log' : '',
        namespace: random() < 0.2 ? '' : pick(places),
        name: random() < 0.4 ? '' : pick(names),
      }

/** Somebody who is that subject, and nothing besides but what comes with it. */
function personOf({ kind, name, namespace = '' }: Subject): Pick<User, 'name' | 'groups'> {
  if (kind === 'User')
    return { name, groups: [name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'] }
  if (kind === 'ServiceAccount')
    return {
      name: `system:serviceaccount:${namespace}:${name}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    }
  if (name === 'system:unauthenticated') return { name: 'system:anonymous', groups: [name] }
  const more = name.startsWith('system:serviceaccounts:') ? ['system:serviceaccounts'] : []
  return { name: 'member', groups: [name, ...more, 'system:authenticated'] }
}

const told = ({ kind, name, namespace = '' }: Subject): string => JSON.stringify([kind, namespace, name])
const clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined }

async function authorizersOf(facts: Facts) {
  const store = openMemoryStore({ clock, decode: (_, text): KObject => JSON.parse(text) })
  const kinds = { roles: facts.roles, rolebindings: facts.roleBindings }
  const clusterKinds = { clusterroles: facts.clusterRoles, clusterrolebindings: facts.clusterRoleBindings }
  for (const [resource, objects] of Object.entries({ ...kinds, ...clusterKinds }))
    for (const object of objects) {
      const { name = '', namespace } = object.metadata
      const key = namespace === undefined ? name : `${namespace}/${name}`
      await store.commit([
        { type: 'put', resource: `${resource}.${group}`, key, managed: '', object: object as Draft<KObject> },
      ])
    }
  const rbac = makeRbac(store)
  const usual: readonly Authorizer[] = [masters, rbac.authorizer]
  const close = async (): Promise<void> => {
    rbac.close()
    await store.close()
  }
  return { authorizers: [masters, secretVersionsGuard(usual), ...usual], close }
}

test(`who-can and the authorizers agree on who holds a right (SEED=${seed})`, async () => {
  let [held, refused] = [0, 0]
  for (let round = 0; round < 20; round++) {
    const facts: Facts = {
      clusterRoles: times(8, at => role(at)),
      roles: places.flatMap(place => times(5, at => role(at, place))),
      clusterRoleBindings: times(4, at => binding(at)),
      roleBindings: places.flatMap(place => times(8, at => binding(at, place))),
    }
    const { authorizers, close } = await authorizersOf(facts)
    for (let asked = 0; asked < 60; asked++) {
      const what = question()
      const found = whoCan(facts, what).filter(one => one.path.length === 1)
      const holders = new Set(found.map(one => told(one.subject)))
      for (const one of [...everybody, { kind: 'Group', name: 'system:masters' }]) {
        const who = personOf(one)
        const attributes: Attributes = { ...what, verb: what.verb as Verb, version: 'v1' }
        const { opinion } = await verdict(authorizers, { ...who, source: 'test' } as unknown as User, attributes)
        const listed = [one, { kind: 'User', name: who.name }, ...who.groups.map(name => ({ kind: 'Group', name }))]
        const says = listed.some(subjectOf => holders.has(told(subjectOf)))
        assert.equal(says, opinion === 'allow', `round ${round}: ${JSON.stringify({ one, what })}`)
        if (says) held++
        else refused++
      }
    }
    await close()
  }
  assert.ok(held > 500 && refused > 500, `${held} held, ${refused} refused`)
})
