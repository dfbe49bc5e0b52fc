/**
 * Which rule of a policy a request falls under. Rules are turned into sets once; which of them can match a verb and resource
 * at all is remembered, so that a request looks at few rules however long the policy is.
 */
import type { GroupResources, Policy, PolicyRule } from '#kinds/facts/generated/types/audit_v1.ts'
import type { Attributes } from '#api/request.ts'
import type { Known } from './record.ts'
import { type Level, type Stage, isLevel, isStage } from './policy.ts'

/** What is to be put on record of a request. */
export interface Decision {
  readonly level: Level
  readonly omitted: ReadonlySet<Stage>
  readonly omitManagedFields: boolean
  /** The rule names the resource itself: what it says holds for secrets and tokens as well. */
  readonly named: boolean
}

export type Judge = (user: Known | undefined, asked: Attributes) => Decision

type Test = (user: Known | undefined, asked: Attributes) => boolean

interface Compiled {
  /** Depends on verb, group, resource and subresource alone, or on the path of what is no resource. */
  readonly concerns: (asked: Attributes) => boolean
  /** The rest. */
  readonly matches: Test
  readonly decision: Decision
  /** By `group resource/subresource`. */
  readonly exact: ReadonlySet<string>
}

const combined = ({ resource, subresource }: Attributes): string =>
  subresource === '' ? resource : `${resource}/${subresource}`

// An entry of `resources` is one of `pods`, `pods/log`, `pods/*`, `*/status`, `*`.
function names(entry: string, asked: Attributes): boolean {
  if (entry === '*' || entry === combined(asked)) return true
  if (asked.subresource !== '' && entry.startsWith('*/') && entry.slice(2) === asked.subresource) return true
  return entry.endsWith('/*') && entry.slice(0, -2) === asked.resource
}

const isAbout = ({ group = '', resources = [] }: GroupResources, asked: Attributes): boolean =>
  group === asked.group && (resources.length === 0 || resources.some(entry => names(entry, asked)))

/** Names narrow resources only where some are named. */
const isNamed = ({ resources = [], resourceNames = [] }: GroupResources, asked: Attributes): boolean =>
  resources.length === 0 || resourceNames.length === 0 || resourceNames.includes(asked.name)

const pathMatches = (spec: string, path: string): boolean =>
  spec === '*' || spec === path || (spec.endsWith('*') && path.startsWith(spec.replace(/\*+$/, '')))

function concerning(rule: PolicyRule): (asked: Attributes) => boolean {
  const { resources = [], namespaces = [], nonResourceURLs = [] } = rule
  const verbs = new Set<string>(rule.verbs)
  const verb = (asked: Attributes): boolean => verbs.size === 0 || verbs.has(asked.verb)
  if (resources.length > 0)
    return asked => asked.resourceRequest && verb(asked) && resources.some(one => isAbout(one, asked))
  if (namespaces.length > 0) return asked => asked.resourceRequest && verb(asked)
  if (nonResourceURLs.length > 0)
    return asked =>
      !asked.resourceRequest && verb(asked) && nonResourceURLs.some(spec => pathMatches(spec, asked.path ?? ''))
  return verb
}

function particular(rule: PolicyRule): Test {
  const { resources = [] } = rule
  const [users, groups, namespaces] = [new Set(rule.users), new Set(rule.userGroups), new Set(rule.namespaces)]
  const byName = resources.some(one => (one.resourceNames ?? []).length > 0)
  return (user, asked) => {
    if (users.size > 0 && (user === undefined || !users.has(user.name))) return false
    if (groups.size > 0 && user?.groups.some(group => groups.has(group)) !== true) return false
    if (namespaces.size > 0 && !namespaces.has(asked.namespace)) return false
    return !byName || resources.some(one => isAbout(one, asked) && isNamed(one, asked))
  }
}

function compile(policy: Policy, rule: PolicyRule): Compiled {
  const omitted = new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])].filter(isStage))
  const exact = (rule.resources ?? []).flatMap(({ group = '', resources = [] }) =>
    resources.map(entry => `${group} ${entry}`),
  )
  return {
    concerns: concerning(rule),
    matches: particular(rule),
    exact: new Set(exact),
    decision: {
      level: isLevel(rule.level) ? rule.level : 'None',
      omitted,
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
      named: false,
    },
  }
}

interface Candidate {
  readonly matches: Test
  readonly decision: Decision
}

/** Kinds of requests that are remembered. Names that clients invent push nothing out: what is beyond is looked at each time. */
const mostRemembered = 2000

/** @param policy as `parsePolicy` gives it */
export function makeJudge(policy: Policy): Judge {
  const rules = policy.rules.map(rule => compile(policy, rule))
  const silence: Decision = {
    level: 'None',
    omitted: new Set((policy.omitStages ?? []).filter(isStage)),
    omitManagedFields: policy.omitManagedFields ?? false,
    named: false,
  }
  const remembered = new Map<string, readonly Candidate[]>()
  const candidates = (asked: Attributes): readonly Candidate[] => {
    const key = `${asked.verb} ${asked.group} ${asked.resource} ${asked.subresource} ${asked.resourceRequest ? '' : (asked.path ?? '')}`
    const had = remembered.get(key)
    if (had !== undefined) return had
    const found = rules
      .filter(rule => rule.concerns(asked))
      .map(({ matches, decision, exact }) => ({ matches, decision: { ...decision, named: namesIt(exact, asked) } }))
    if (remembered.size < mostRemembered) remembered.set(key, found)
    return found
  }
  return (user, asked) => {
    for (const { matches, decision } of candidates(asked)) if (matches(user, asked)) return decision
    return silence
  }
}

const namesIt = (exact: ReadonlySet<string>, asked: Attributes): boolean =>
  exact.has(`${asked.group} ${combined(asked)}`) ||
  (asked.subresource !== '' && exact.has(`${asked.group} ${asked.resource}/*`))
