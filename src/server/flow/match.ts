/** Which FlowSchema a request belongs to: the first that matches, in the order of precedence and then of names. */
import type { Attributes, User } from '#api/request.ts'
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '#kinds/facts/generated/types/flowcontrol_v1.ts'

export type Matcher = (user: User, asked: Attributes) => FlowSchema | undefined

const accounts = 'system:serviceaccount:'
const any = '*'

function isSubject(user: User, { kind, user: person, group, serviceAccount }: Subject): boolean {
  if (kind === 'User') return person !== undefined && (person.name === any || person.name === user.name)
  if (kind === 'Group') return group !== undefined && (group.name === any || user.groups.includes(group.name))
  if (kind !== 'ServiceAccount' || serviceAccount === undefined) return false
  const { namespace, name } = serviceAccount
  return name === any
    ? user.name.startsWith(`${accounts}${namespace}:`)
    : user.name === `${accounts}${namespace}:${name}`
}

const has = (list: readonly string[], wanted: string): boolean => list.includes(any) || list.includes(wanted)

function isResource(rule: ResourcePolicyRule, asked: Attributes): boolean {
  const resource = asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`
  return (
    has(rule.verbs, asked.verb) &&
    has(rule.apiGroups, asked.group) &&
    has(rule.resources, resource) &&
    (asked.namespace === '' ? rule.clusterScope === true : has(rule.namespaces, asked.namespace))
  )
}

/** A trailing `/*` stands for everything below. */
const isPath = (pattern: string, path: string): boolean =>
  pattern === any || pattern === path || (pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1)))

const isNonResource = (rule: NonResourcePolicyRule, asked: Attributes): boolean =>
  has(rule.verbs, asked.verb) && rule.nonResourceURLs.some(pattern => isPath(pattern, asked.path ?? ''))

const isAsked = (rules: PolicyRulesWithSubjects, asked: Attributes): boolean =>
  asked.resourceRequest
    ? (rules.resourceRules ?? []).some(rule => isResource(rule, asked))
    : (rules.nonResourceRules ?? []).some(rule => isNonResource(rule, asked))

const matches = ({ spec }: FlowSchema, user: User, asked: Attributes): boolean =>
  (spec.rules ?? []).some(rules => rules.subjects.some(subject => isSubject(user, subject)) && isAsked(rules, asked))

/** Kinds of request that are remembered of one user. */
const remembered = 128

const sameAgain = (asked: Attributes): string =>
  `${asked.verb} ${asked.group} ${asked.resource} ${asked.subresource} ${asked.namespace} ${asked.path ?? ''}`

/** @param schemas in any order */
export function makeMatcher(schemas: readonly FlowSchema[]): Matcher {
  const inOrder = schemas.toSorted(
    (a, b) =>
      a.spec.matchingPrecedence - b.spec.matchingPrecedence ||
      ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
  )
  const known = new WeakMap<User, Map<string, FlowSchema | undefined>>()
  return (user, asked) => {
    let own = known.get(user)
    if (own === undefined) known.set(user, (own = new Map()))
    const id = sameAgain(asked)
    if (own.has(id)) return own.get(id)
    const found = inOrder.find(schema => matches(schema, user, asked))
    if (own.size < remembered) own.set(id, found)
    return found
  }
}

/** What keeps the flows of one schema apart. */
export function distinguisher({ spec }: FlowSchema, user: User, asked: Attributes): string {
  switch (spec.distinguisherMethod?.type) {
    case 'ByUser':
      return user.name
    case 'ByNamespace':
      return asked.namespace
    default:
      return ''
  }
}
