/** Ten thousand decisions of the real authorizers beside those of an evaluator that only reads the documentation. */
import { seeded } from '#base/seeded.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SubjectAccessReview } from '#kinds/facts/generated/types/authorization_v1.ts'
import { clusterRoleBindings, clusterRoles, namespaces, roleBindings, roles } from '#kinds/facts/generated/refs.ts'
import type { ResourceRef } from '#api/metadata.ts'
import type { Client } from '#client/client.ts'
import { startCluster } from '#testing/startCluster.ts'

interface Rule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}
interface Role {
  readonly name: string
  /** Absent: of the cluster. */
  readonly namespace?: string
  readonly labels: Readonly<Record<string, string>>
  readonly rules: readonly Rule[]
  /** It is the sum of those with this label. */
  readonly sums?: string
}
interface Subject {
  readonly kind: 'User' | 'Group' | 'ServiceAccount'
  readonly name: string
  readonly namespace?: string
}
interface Binding {
  readonly name: string
  readonly namespace?: string
  readonly role: { readonly kind: 'Role' | 'ClusterRole'; readonly name: string }
  readonly subjects: readonly Subject[]
}
interface Who {
  readonly user: string
  readonly groups: readonly string[]
}
interface What {
  readonly verb: string
  readonly path?: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const random = seeded(seed)
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
const some = <T>(list: readonly T[], most = 3): readonly T[] => [
  ...new Set(Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(list))),
]

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
const apiGroups = ['', 'apps', 'batch']
const resources = ['pods', 'deployments', 'jobs', 'secrets']
const subresources = ['', '', 'log', 'scale', 'status']
const names = ['a', 'b', 'c', 'constructor']
const places = ['one', 'two']
const users = ['u1', 'u2', 'u3', 'Group g1', 'u1,u2']
const groups = ['g1', 'g2', 'g3', 'User u1']
const accounts = ['default', 'robot']
const paths = ['/healthz', '/logs/', '/logs/a', '/logs', '/metrics', '/metrics/x', '/']
const pathRules = ['/healthz', '/logs/*', '/metrics', '/metrics*', '*', '/']
const targets = [...resources, 'pods/log', 'deployments/scale', '*/scale', '*/status', '*', 'pods/*']

const rule = (cluster: boolean): Rule =>
  cluster && random() < 0.25
    ? { verbs: some([...verbs, '*']), nonResourceURLs: some(pathRules, 2) }
    : {
        verbs: some([...verbs, '*']),
        apiGroups: some([...apiGroups, '*']),
        resources: some(targets),
        ...(random() < 0.4 ? { resourceNames: some(names, 2) } : {}),
      }

const rules = (cluster: boolean): readonly Rule[] =>
  Array.from({ length: 1 + Math.floor(random() * 2) }, () => rule(cluster))

const made: readonly Role[] = [
  ...Array.from({ length: 25 }, (_, at): Role => ({
    name: `random-${at}`,
    labels: random() < 0.3 ? { sum: pick(['x', 'y']) } : {},
    rules: rules(true),
  })),
  ...['x', 'y'].map((sum): Role => ({ name: `sum-${sum}`, labels: {}, rules: [], sums: sum })),
  ...places.flatMap(namespace =>
    Array.from({ length: 8 }, (_, at): Role => ({ name: `local-${at}`, namespace, labels: {}, rules: rules(false) })),
  ),
]

function subject(): Subject {
  const kind = pick(['User', 'Group', 'ServiceAccount'] as const)
  if (kind === 'User') return { kind, name: pick([...users, `system:serviceaccount:${pick(places)}:robot`]) }
  if (kind === 'Group') return { kind, name: pick([...groups, 'system:serviceaccounts:one', 'system:serviceaccounts']) }
  return { kind, name: pick(accounts), namespace: pick(places) }
}

function binding(name: string, namespace: string | undefined): Binding {
  const local = namespace !== undefined && random() < 0.5
  const role = local
    ? { kind: 'Role' as const, name: pick(['local-0', 'local-1', 'local-2', 'local-3', 'local-99']) }
    : {
        kind: 'ClusterRole' as const,
        name: pick([...made.filter(one => one.namespace === undefined).map(one => one.name), 'none']),
      }
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    role,
    subjects: Array.from({ length: 1 + Math.floor(random() * 2) }, subject),
  }
}

const bound: readonly Binding[] = [
  ...Array.from({ length: 14 }, (_, at) => binding(`wide-${at}`, undefined)),
  ...places.flatMap(namespace => Array.from({ length: 12 }, (_, at) => binding(`near-${at}`, namespace))),
]

/** The documentation, word for word. */
const evaluator = {
  rulesOf(role: Role): readonly Rule[] {
    if (role.sums === undefined) return role.rules
    return made.filter(one => one.namespace === undefined && one.labels['sum'] === role.sums).flatMap(one => one.rules)
  },
  isSubject(one: Subject, { user, groups: own }: Who): boolean {
    if (one.kind === 'User') return one.name === user
    if (one.kind === 'Group') return own.includes(one.name)
    return user === `system:serviceaccount:${one.namespace ?? ''}:${one.name}`
  },
  ruleAllows(one: Rule, what: What): boolean {
    const has = (list: readonly string[] | undefined, wanted: string): boolean =>
      list !== undefined && (list.includes('*') || list.includes(wanted))
    if (!has(one.verbs, what.verb)) return false
    if (what.path !== undefined) {
      const { path } = what
      return (one.nonResourceURLs ?? []).some(
        url => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
      )
    }
    if (!has(one.apiGroups, what.group)) return false
    const full = what.subresource === '' ? what.resource : `${what.resource}/${what.subresource}`
    const named = (one.resources ?? []).some(
      target => target === '*' || target === full || (what.subresource !== '' && target === `*/${what.subresource}`),
    )
    const only = one.resourceNames ?? []
    return named && (only.length === 0 || only.includes(what.name))
  },
  allows(who: Who, what: What): boolean {
    return bound.some(one => {
      if (one.namespace !== undefined && (what.path !== undefined || one.namespace !== what.namespace)) return false
      if (!one.subjects.some(subject => this.isSubject(subject, who))) return false
      const place = one.role.kind === 'Role' ? one.namespace : undefined
      const role = made.find(other => other.name === one.role.name && other.namespace === place)
      return role !== undefined && this.rulesOf(role).some(granted => this.ruleAllows(granted, what))
    })
  },
}

const group = 'rbac.authorization.k8s.io'
const apiVersion = 'rbac.authorization.k8s.io/v1' as const

async function write(client: Client): Promise<void> {
  for (const name of places)
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {} })
  for (const { name, namespace, labels, rules: own, sums } of made) {
    const metadata = { name, labels, ...(namespace === undefined ? {} : { namespace }) }
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { sum: sums ?? '' } }] }
    if (namespace === undefined)
      await client.create(clusterRoles, {
        apiVersion,
        kind: 'ClusterRole',
        metadata,
        rules: own,
        ...(sums === undefined ? {} : { aggregationRule }),
      })
    else await client.create(roles, { apiVersion, kind: 'Role', metadata, rules: own })
  }
  for (const { name, namespace, role, subjects } of bound) {
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
    const body = {
      apiVersion,
      metadata,
      roleRef: { apiGroup: group, ...role },
      subjects: subjects.map(one => (one.kind === 'ServiceAccount' ? one : { ...one, apiGroup: group })),
    }
    if (namespace === undefined) await client.create(clusterRoleBindings, { ...body, kind: 'ClusterRoleBinding' })
    else await client.create(roleBindings, { ...body, kind: 'RoleBinding' })
  }
}

/** Until the sums are what the evaluator takes them for. */
async function summed(client: Client): Promise<void> {
  for (const role of made.filter(one => one.sums !== undefined)) {
    const wanted = new Set(evaluator.rulesOf(role).map(one => JSON.stringify(one))).size
    for (let tries = 0; ; tries++) {
      const found = await client.get(clusterRoles, role.name)
      if (new Set((found.rules ?? []).map(one => JSON.stringify(one))).size === wanted) break
      assert.ok(tries < 200, `seed ${seed}: ${role.name} is not summed up`)
      await sleep(25)
    }
  }
}

const who = (): Who => {
  const place = pick(places)
  return random() < 0.3
    ? {
        user: `system:serviceaccount:${place}:${pick(accounts)}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${place}`],
      }
    : { user: pick(users), groups: random() < 0.5 ? some(groups, 2) : [] }
}

const what = (): What => ({
  verb: pick([...verbs, 'deletecollection']),
  ...(random() < 0.15 ? { path: pick(paths) } : {}),
  group: pick([...apiGroups, 'policy']),
  resource: pick([...resources, '__proto__']),
  subresource: pick(subresources),
  namespace: pick([...places, 'three', '']),
  name: pick([...names, '', 'd']),
})

const reviews: ResourceRef<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
}

test('the authorizers and an independent evaluator agree in 10,000 decisions', async () => {
  await using cluster = await startCluster({ nodes: 0 })
  const { client } = cluster
  await write(client)
  await summed(client)
  let allowed = 0
  for (let at = 0; at < 10_000; at++) {
    const [one, asked] = [who(), what()]
    const { path, ...rest } = asked
    const answer = await client.create(reviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: one.user,
        groups: one.groups,
        ...(path === undefined ? { resourceAttributes: rest } : { nonResourceAttributes: { path, verb: asked.verb } }),
      },
    })
    const expected = evaluator.allows(one, asked)
    if (expected) allowed++
    assert.equal(answer.status?.allowed, expected, `seed ${seed}: ${JSON.stringify(one)} ${JSON.stringify(asked)}`)
  }
  assert.ok(allowed > 200 && allowed < 9800, `seed ${seed}: ${allowed} were allowed, which says little`)
})
