/** RBAC rules compiled for look-up: a dozen map reads a request, however many rules there are. */
import type { Attributes } from '#api/request.ts'
import type { PolicyRule } from './rbac-types.ts'

/** What a rule covers, as exact keys; wildcards are keys of their own. */
const keyOf = (verb: string, group: string, resource: string): string => `${verb}\n${group}\n${resource}`

type Asked = Pick<Attributes, 'verb' | 'resourceRequest' | 'group' | 'resource' | 'subresource' | 'name' | 'path'>

export interface RuleIndex {
  covers(asked: Asked): boolean
}

/** What covers a request, of rules that each come from somewhere. */
export interface SourceIndex<S> {
  find(asked: Asked): S | undefined
}

const orAny = (value: string): readonly string[] => [value, '*']

/** Resources of a rule may be `pods`, `pods/log`, `*` (everything), or a `*` followed by `/log` (that subresource of everything). */
const resourceKeys = (resource: string, subresource: string): readonly string[] =>
  subresource === '' ? [resource, '*'] : [`${resource}/${subresource}`, `*/${subresource}`, '*']

const pathIn = (wanted: string, owned: string): boolean =>
  owned === wanted || owned === '*' || (owned.endsWith('*') && wanted.startsWith(owned.slice(0, -1)))

const pathWithin = (wanted: string, owned: readonly string[]): boolean => owned.some(one => pathIn(wanted, one))

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

/** Where the rules of one verb, group and resource come from. */
interface Covering<S> {
  /** Of the first that is for every name. */
  every?: S
  readonly names: Map<string, S>
}

class Index<S extends object> implements SourceIndex<S> {
  readonly #resources = new Map<string, Covering<S>>()
  readonly #paths = new Map<string, { readonly path: string; readonly source: S }[]>()
  readonly #wide: { readonly rule: Wide; readonly source: S }[] = []
  add(rule: PolicyRule, source: S): void {
    if (combinations(rule) > most) this.#wide.push({ rule: new Wide(rule), source })
    else
      for (const verb of rule.verbs) {
        for (const path of rule.nonResourceURLs ?? []) this.#path(verb, path, source)
        for (const group of rule.apiGroups ?? [])
          for (const resource of rule.resources ?? [])
            this.#resource(keyOf(verb, group, resource), source, rule.resourceNames)
      }
  }
  #path(verb: string, path: string, source: S): void {
    const paths = this.#paths.get(verb)
    if (paths === undefined) this.#paths.set(verb, [{ path, source }])
    else paths.push({ path, source })
  }
  /** An empty name stands for nothing: it must not open what is asked for without a name. */
  #resource(key: string, source: S, names: readonly string[] | undefined): void {
    let had = this.#resources.get(key)
    if (had === undefined) this.#resources.set(key, (had = { names: new Map() }))
    if (names === undefined || names.length === 0) {
      had.every ??= source
      return
    }
    for (const name of names) if (name !== '' && !had.names.has(name)) had.names.set(name, source)
  }
  find(asked: Asked): S | undefined {
    return this.#exactly(asked) ?? this.#wide.find(({ rule }) => rule.covers(asked))?.source
  }
  #exactly(asked: Asked): S | undefined {
    if (!asked.resourceRequest) return this.#within(asked)
    const resources = resourceKeys(asked.resource, asked.subresource)
    for (const verb of orAny(asked.verb))
      for (const group of orAny(asked.group))
        for (const resource of resources) {
          const covering = this.#resources.get(keyOf(verb, group, resource))
          const source = covering?.every ?? covering?.names.get(asked.name)
          if (source !== undefined) return source
        }
    return undefined
  }
  #within({ verb, path: wanted = '' }: Asked): S | undefined {
    for (const one of orAny(verb)) {
      const found = this.#paths.get(one)?.find(({ path }) => pathIn(wanted, path))
      if (found !== undefined) return found.source
    }
    return undefined
  }
}

/** Of verbs under which a name in a rule says nothing: there is none yet, or none is given. */
export const nameless = (verb: Attributes['verb']): boolean => verb === 'create' || verb === 'deletecollection'

export function compile(rules: Iterable<PolicyRule>): RuleIndex {
  const index = new Index<PolicyRule>()
  for (const rule of rules) index.add(rule, rule)
  return { covers: asked => index.find(asked) !== undefined }
}

/** @param sources in the order in which they are to be named, where several cover a request by the same words */
export function compileFrom<S extends object>(
  sources: Iterable<{ readonly rules: readonly PolicyRule[]; readonly source: S }>,
): SourceIndex<S> {
  const index = new Index<S>()
  for (const { rules, source } of sources) for (const rule of rules) index.add(rule, source)
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
