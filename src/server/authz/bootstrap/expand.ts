/** Turns the compact facts of the default policy into RBAC objects. */
import type { Draft } from '#api/metadata.ts'
import type { BindingObject, PolicyRule, RoleObject, Subject } from '../rbac-types.ts'

export interface RoleFacts {
  readonly name: string
  /** Absent: a ClusterRole. */
  readonly namespace?: string
  /** Aggregated roles that take these rules in, separated by spaces. */
  readonly into?: string
  /** It is aggregated from roles labelled for these. */
  readonly from?: string
  readonly rules: readonly string[]
}

export interface BindingFacts {
  readonly name: string
  readonly namespace?: string
  readonly role: string
  /** `Kind name`, service accounts as `ServiceAccount namespace/name`. */
  readonly subjects: readonly string[]
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/)
const group = 'rbac.authorization.k8s.io'
const apiVersion = `${group}/v1`
const aggregate = (role: string): string => `${group}/aggregate-to-${role}`

export function parseRule(text: string): PolicyRule {
  const [verbs = '', paths] = text.split(' | ')
  if (paths !== undefined) return { verbs: words(verbs), nonResourceURLs: words(paths) }
  const [who = '', groups = '', resources = '', names] = text.split(' ; ')
  return {
    verbs: words(who),
    apiGroups: words(groups).map(name => (name === 'core' ? '' : name)),
    resources: words(resources),
    ...(names === undefined ? {} : { resourceNames: words(names) }),
  }
}

const metadata = (name: string, namespace: string | undefined, labels: Readonly<Record<string, string>> = {}) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
})

/** @param all every role, so that aggregated ones start complete. */
export function expandRole(facts: RoleFacts, all: readonly RoleFacts[]): Draft<RoleObject> {
  const into = facts.into === undefined ? [] : words(facts.into)
  const labels = Object.fromEntries(into.map(role => [aggregate(role), 'true']))
  return {
    apiVersion,
    kind: facts.namespace === undefined ? 'ClusterRole' : 'Role',
    metadata: metadata(facts.name, facts.namespace, labels),
    ...(facts.from === undefined
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregate(facts.from)]: 'true' } }] } }),
    rules: rulesOf(facts, all).map(parseRule) as Draft<PolicyRule>[],
  }
}

function rulesOf(facts: RoleFacts, all: readonly RoleFacts[]): readonly string[] {
  const { from } = facts
  if (from === undefined) return facts.rules
  const parts = all.filter(other => other.into !== undefined && words(other.into).includes(from))
  return parts.toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap(part => rulesOf(part, all))
}

function parseSubject(text: string): Draft<Subject> {
  const [kind = '', name = ''] = text.split(' ')
  if (kind !== 'ServiceAccount') return { kind, apiGroup: group, name }
  const [namespace = '', account = ''] = name.split('/')
  return { kind, name: account, namespace }
}

export function expandBinding(facts: BindingFacts): Draft<BindingObject> {
  const inNamespace = facts.role.startsWith('Role/')
  return {
    apiVersion,
    kind: facts.namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: metadata(facts.name, facts.namespace),
    roleRef: {
      apiGroup: group,
      kind: inNamespace ? 'Role' : 'ClusterRole',
      name: inNamespace ? facts.role.slice('Role/'.length) : facts.role,
    },
    subjects: facts.subjects.map(parseSubject),
  }
}
