/** RBAC rules compiled for look-up: a dozen map reads a request, however many rules there are. */
import type { Attributes } from '#api/request.ts'
import type { PolicyRule } from './rbac-types.ts'

/** What a rule covers, as exact keys; wildcards are keys of their own. */
const keyOf = (verb: string, group: string, resource: string): string => `${verb}\n${group}\n${resource}`

export interface RuleIndex {
  covers(asked: Attributes): boolean
}

const orAny = (value: string): readonly string[] => [value, '*']

/** Resources of a rule may be `pods`, `pods/log`, `*` (everything), or a `*` followed by `/log` (that subresource of everything). */
const resourceKeys = (asked: Attributes): readonly string[] =>
  asked.subresource === ''
    ? [asked.resource, '*']
    : [`${asked.resource}/${asked.subresource}`, `*/${asked.subresource}`, '*']

class Index implements RuleIndex {
  /** null: every name. */
  readonly #resources = new Map<string, Set<string> | null>()
  readonly #paths = new Map<string, string[]>()
  add(rule: PolicyRule): void {
    for (const verb of rule.verbs) {
      for (const path of rule.nonResourceURLs ?? []) this.#path(verb, path)
      for (const group of rule.apiGroups ?? [])
        for (const resource of rule.resources ?? []) this.#resource(keyOf(verb, group, resource), rule.resourceNames)
    }
  }
  #path(verb: string, path: string): void {
    const paths = this.#paths.get(verb)
    if (paths === undefined) this.#paths.set(verb, [path])
    else paths.push(path)
  }
  #resource(key: string, names: readonly string[] | undefined): void {
    const had = this.#resources.get(key)
    if (had === null) return
    if (names === undefined || names.length === 0) this.#resources.set(key, null)
    else this.#resources.set(key, new Set([...(had ?? []), ...names]))
  }
  covers(asked: Attributes): boolean {
    if (!asked.resourceRequest) return this.#coversPath(asked)
    const resources = resourceKeys(asked)
    for (const verb of orAny(asked.verb))
      for (const group of orAny(asked.group))
        for (const resource of resources) {
          const names = this.#resources.get(keyOf(verb, group, resource))
          if (names === null || (names !== undefined && names.has(asked.name))) return true
        }
    return false
  }
  #coversPath(asked: Attributes): boolean {
    const path = asked.path ?? ''
    return orAny(asked.verb).some(verb =>
      (this.#paths.get(verb) ?? []).some(
        allowed =>
          allowed === path || allowed === '*' || (allowed.endsWith('*') && path.startsWith(allowed.slice(0, -1))),
      ),
    )
  }
}

export function compile(rules: Iterable<PolicyRule>): RuleIndex {
  const index = new Index()
  for (const rule of rules) index.add(rule)
  return index
}

const within = (wanted: readonly string[] | undefined, owned: readonly string[] | undefined): boolean =>
  (wanted ?? []).every(one => owned?.includes(one) === true || owned?.includes('*') === true)

function resourceWithin(wanted: string, owned: readonly string[]): boolean {
  const [, subresource] = wanted.split('/')
  return (
    owned.includes('*') || owned.includes(wanted) || (subresource !== undefined && owned.includes(`*/${subresource}`))
  )
}

const pathWithin = (wanted: string, owned: readonly string[]): boolean =>
  owned.some(one => one === wanted || one === '*' || (one.endsWith('*') && wanted.startsWith(one.slice(0, -1))))

function covered(wanted: PolicyRule, owned: PolicyRule): boolean {
  if (!within(wanted.verbs, owned.verbs)) return false
  if ((wanted.nonResourceURLs ?? []).length > 0)
    return (wanted.nonResourceURLs ?? []).every(path => pathWithin(path, owned.nonResourceURLs ?? []))
  const names = owned.resourceNames ?? []
  return (
    within(wanted.apiGroups, owned.apiGroups) &&
    (wanted.resources ?? []).every(resource => resourceWithin(resource, owned.resources ?? [])) &&
    (names.length === 0 ||
      ((wanted.resourceNames ?? []).length > 0 && (wanted.resourceNames ?? []).every(name => names.includes(name))))
  )
}

/** A rule as the simplest rules that mean the same: one verb, group, resource and name each. */
function split(rule: PolicyRule): readonly PolicyRule[] {
  return rule.verbs.flatMap(verb => [
    ...(rule.nonResourceURLs ?? []).map(path => ({ verbs: [verb], nonResourceURLs: [path] })),
    ...(rule.apiGroups ?? []).flatMap(group =>
      (rule.resources ?? []).flatMap((resource): PolicyRule[] =>
        (rule.resourceNames ?? []).length === 0
          ? [{ verbs: [verb], apiGroups: [group], resources: [resource] }]
          : (rule.resourceNames ?? []).map(name => ({
              verbs: [verb],
              apiGroups: [group],
              resources: [resource],
              resourceNames: [name],
            })),
      ),
    ),
  ])
}

/** Rules that `owned` does not cover: what an escalation would give beyond what its author has. */
export const uncovered = (owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] =>
  wanted.flatMap(split).filter(rule => !owned.some(own => covered(rule, own)))
