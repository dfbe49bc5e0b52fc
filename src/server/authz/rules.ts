/** RBAC rules compiled for look-up: a dozen map reads a request, however many rules there are. */
import type { Attributes } from '#api/request.ts'
import type { PolicyRule } from './rbac-types.ts'

/** What a rule covers, as exact keys; wildcards are keys of their own. */
const keyOf = (verb: string, group: string, resource: string): string => `${verb}\n${group}\n${resource}`

type Asked = Pick<Attributes, 'verb' | 'resourceRequest' | 'group' | 'resource' | 'subresource' | 'name' | 'path'>

export interface RuleIndex {
  covers(asked: Asked): boolean
}

const orAny = (value: string): readonly string[] => [value, '*']

/** Resources of a rule may be `pods`, `pods/log`, `*` (everything), or a `*` followed by `/log` (that subresource of everything). */
const resourceKeys = (resource: string, subresource: string): readonly string[] =>
  subresource === '' ? [resource, '*'] : [`${resource}/${subresource}`, `*/${subresource}`, '*']

const pathWithin = (wanted: string, owned: readonly string[]): boolean =>
  owned.some(one => one === wanted || one === '*' || (one.endsWith('*') && wanted.startsWith(one.slice(0, -1))))

/** A rule that multiplies out to more combinations than this is kept as it is: a few lines of a role may stand for millions. */
const most = 4096

const combinations = (rule: PolicyRule): number => {
  const { verbs, nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule
  return (
    verbs.length * (nonResourceURLs.length + apiGroups.length * resources.length * Math.max(1, resourceNames.length))
  )
}

/** A rule by its parts. */
class Wide {
  readonly #verbs: ReadonlySet<string>
  readonly #groups: ReadonlySet<string>
  readonly #resources: ReadonlySet<string>
  /** Undefined: every name. */
  readonly #names: ReadonlySet<string> | undefined
  readonly #paths: readonly string[]
  constructor({ verbs, apiGroups, resources, resourceNames = [], nonResourceURLs = [] }: PolicyRule) {
    this.#verbs = new Set(verbs)
    this.#groups = new Set(apiGroups)
    this.#resources = new Set(resources)
    this.#names = resourceNames.length === 0 ? undefined : new Set(resourceNames.filter(name => name !== ''))
    this.#paths = nonResourceURLs
  }
  covers(asked: Asked): boolean {
    if (!orAny(asked.verb).some(verb => this.#verbs.has(verb))) return false
    if (!asked.resourceRequest) return pathWithin(asked.path ?? '', this.#paths)
    return (
      orAny(asked.group).some(group => this.#groups.has(group)) &&
      resourceKeys(asked.resource, asked.subresource).some(resource => this.#resources.has(resource)) &&
      this.#names?.has(asked.name) !== false
    )
  }
  /** Every part of `rule` lies within this one. */
  contains(rule: PolicyRule): boolean {
    const { verbs, nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule
    const has = (own: ReadonlySet<string>, wanted: readonly string[]): boolean =>
      own.has('*') || wanted.every(one => own.has(one))
    if (!has(this.#verbs, verbs)) return false
    if (nonResourceURLs.length > 0) return nonResourceURLs.every(path => pathWithin(path, this.#paths))
    const names = this.#names
    return (
      has(this.#groups, apiGroups) &&
      resources.every(one => resourceKeys(...parts(one)).some(resource => this.#resources.has(resource))) &&
      (names === undefined || (resourceNames.length > 0 && resourceNames.every(name => names.has(name))))
    )
  }
}

function parts(resource: string): [string, string] {
  const slash = resource.indexOf('/')
  return slash < 0 ? [resource, ''] : [resource.slice(0, slash), resource.slice(slash + 1)]
}

class Index implements RuleIndex {
  /** null: every name. */
  readonly #resources = new Map<string, Set<string> | null>()
  readonly #paths = new Map<string, string[]>()
  readonly #wide: Wide[] = []
  add(rule: PolicyRule): void {
    if (combinations(rule) > most) this.#wide.push(new Wide(rule))
    else
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
  /** An empty name stands for nothing: it must not open what is asked for without a name. */
  #resource(key: string, names: readonly string[] | undefined): void {
    const had = this.#resources.get(key)
    if (had === null) return
    if (names === undefined || names.length === 0) {
      this.#resources.set(key, null)
      return
    }
    const all = had ?? new Set()
    if (had === undefined) this.#resources.set(key, all)
    for (const name of names) if (name !== '') all.add(name)
  }
  covers(asked: Asked): boolean {
    return this.#exactly(asked) || this.#wide.some(rule => rule.covers(asked))
  }
  #exactly(asked: Asked): boolean {
    if (!asked.resourceRequest)
      return orAny(asked.verb).some(verb => pathWithin(asked.path ?? '', this.#paths.get(verb) ?? []))
    const resources = resourceKeys(asked.resource, asked.subresource)
    for (const verb of orAny(asked.verb))
      for (const group of orAny(asked.group))
        for (const resource of resources) {
          const names = this.#resources.get(keyOf(verb, group, resource))
          if (names === null || (names !== undefined && names.has(asked.name))) return true
        }
    return false
  }
}

/** Of verbs under which a name in a rule says nothing: there is none yet, or none is given. */
export const nameless = (verb: Attributes['verb']): boolean => verb === 'create' || verb === 'deletecollection'

export function compile(rules: Iterable<PolicyRule>): RuleIndex {
  const index = new Index()
  for (const rule of rules) index.add(rule)
  return index
}

/** A rule as the simplest rules that mean the same: one verb, group, resource and name each. */
function split(rule: PolicyRule): readonly PolicyRule[] {
  const { verbs, nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule
  if (combinations(rule) > most)
    return [
      ...(nonResourceURLs.length === 0 ? [] : [{ verbs, nonResourceURLs }]),
      ...(resources.length === 0 ? [] : [{ verbs, apiGroups, resources, resourceNames }]),
    ]
  const names: readonly (readonly string[] | undefined)[] =
    resourceNames.length === 0 ? [undefined] : resourceNames.map(name => [name])
  return verbs.flatMap(verb => [
    ...nonResourceURLs.map(path => ({ verbs: [verb], nonResourceURLs: [path] })),
    ...apiGroups.flatMap(group =>
      resources.flatMap(resource =>
        names.map(named => ({
          verbs: [verb],
          apiGroups: [group],
          resources: [resource],
          ...(named === undefined ? {} : { resourceNames: named }),
        })),
      ),
    ),
  ])
}

/** Of a rule of one combination, what a request would ask that needs all of it. */
function asRequest({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): Asked {
  const [resource, subresource] = parts(resources?.[0] ?? '')
  const [path] = nonResourceURLs ?? []
  return {
    verb: (verbs[0] ?? '') as Attributes['verb'],
    resourceRequest: path === undefined,
    group: apiGroups?.[0] ?? '',
    resource,
    subresource,
    name: resourceNames?.[0] ?? '',
    ...(path === undefined ? {} : { path }),
  }
}

/** Rules that `owned` does not cover: what an escalation would give beyond what its author has. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  const index = compile(owned)
  const wide = owned.map(rule => new Wide(rule))
  return wanted.flatMap(rule =>
    combinations(rule) > most
      ? split(rule).filter(one => !wide.some(own => own.contains(one)))
      : split(rule).filter(one => !index.covers(asRequest(one))),
  )
}
