/** The table of resources that kube-apiserver serves by default, and typed references to them. */
import { header } from './lines.ts'
import type { Model } from './model.ts'

export interface Resource {
  readonly model: Model
  readonly plural: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  /** Name of its typed reference. */
  readonly ref: string
}

const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
/** What is served otherwise than the client markers say. */
const servedVerbs: Readonly<Record<string, readonly string[]>> = {
  'core_v1.Binding': ['create'],
  'core_v1.ComponentStatus': ['get', 'list'],
  'metrics_v1beta1.NodeMetrics': ['get', 'list'],
  'metrics_v1beta1.PodMetrics': ['get', 'list'],
  'core_v1.Namespace': all.filter(verb => verb !== 'deletecollection'),
}
const clientVerbs = new Set([...all, 'updateStatus', 'apply', 'applyStatus', 'deleteCollection'])
/** Carry client markers but are served as subresources only. */
const subresourcesOnly = new Set(['policy_v1.Eviction', 'authentication_v1.TokenRequest', 'autoscaling_v1.Scale'])

function pluralOf(kind: string): string {
  const lower = kind.toLowerCase()
  if (lower.endsWith('endpoints')) return lower
  if (/[^aeiou]y$/.test(lower)) return `${lower.slice(0, -1)}ies`
  return /(?:s|x|ch|sh)$/.test(lower) ? `${lower}es` : `${lower}s`
}

const camel = (kind: string, plural: string): string => {
  const head = /^[A-Z]+(?=[A-Z][a-z]|$)|^[A-Z]/.exec(kind)?.[0] ?? ''
  return head.toLowerCase() + kind.slice(head.length) + plural.slice(kind.length)
}

function refName(model: Model, plural: string): string {
  const kind = model.name
  const name = plural.startsWith(kind.toLowerCase())
    ? camel(kind, plural)
    : camel(kind, kind.toLowerCase()).slice(0, -1) + plural.slice(kind.length - 1)
  if (model.source.alias === 'metrics_v1beta1') return camel(kind, kind)
  if (model.source.alias === 'events_v1') return `${name}V1`
  return model.source.alias === 'autoscaling_v1' ? `${name}V1` : name
}

function verbsOf(model: Model): readonly string[] {
  const only = model.go.markers.get('genclient:onlyVerbs')?.[0]?.split(',')
  if (only !== undefined) return only.map(verb => (verb === 'deleteCollection' ? 'deletecollection' : verb))
  const skipped = new Set(model.go.markers.get('genclient:skipVerbs')?.[0]?.split(',') ?? [])
  for (const verb of skipped) if (!clientVerbs.has(verb)) throw new Error(`unknown client verb ${verb}`)
  return all.filter(verb => !skipped.has(verb))
}

export function resourcesOf(models: readonly Model[]): readonly Resource[] {
  return models
    .filter(model => model.source.served && model.root && !subresourcesOnly.has(`${model.source.alias}.${model.name}`))
    .filter(model => model.go.markers.has('genclient') || `${model.source.alias}.${model.name}` in servedVerbs)
    .map(model => {
      const key = `${model.source.alias}.${model.name}`
      const plural = model.go.markers.get('resourceName')?.[0] ?? pluralOf(model.name)
      return {
        model,
        plural,
        namespaced: !model.go.markers.has('genclient:nonNamespaced'),
        verbs: servedVerbs[key] ?? verbsOf(model),
        ref: refName(model, plural),
      }
    })
}

export function refsModule(resources: readonly Resource[]): string {
  const byAlias = Map.groupBy(resources, one => one.model.source.alias)
  const local = ({ model }: Resource): string =>
    /^(?:events|autoscaling)_v1$/.test(model.source.alias) ? `${model.name}V1` : model.name
  const imports = [...byAlias].map(([alias, own]) => {
    const names = own.map(one => (local(one) === one.model.name ? local(one) : `${one.model.name} as ${local(one)}`))
    return `import type { ${names.sort().join(', ')} } from './types/${alias}.ts'\n`
  })
  const refs = resources.map(one => {
    const { group, version } = one.model.source
    return `export const ${one.ref}: ResourceRef<${local(one)}> = { group: '${group}', version: '${version}', resource: '${one.plural}', kind: '${one.model.name}', namespaced: ${one.namespaced} }\n`
  })
  return `${header}import type { ResourceRef } from '#api/metadata.ts'\n${imports.join('')}\n${refs.join('')}`
}

export function resourcesModule(resources: readonly Resource[]): string {
  const rows = resources.map(({ model, plural, namespaced, verbs }) => {
    const { group, version, alias } = model.source
    const row = {
      group,
      version,
      kind: model.name,
      plural,
      namespaced,
      verbs: [...verbs].sort(),
      type: `${alias}.${model.name}`,
    }
    return `  ${JSON.stringify(row)},\n`
  })
  const type =
    'export interface ResourceFact {\n  readonly group: string\n  readonly version: string\n  readonly kind: string\n  readonly plural: string\n  readonly namespaced: boolean\n  readonly verbs: readonly string[]\n  /** Key of the root type in facts.ts. */\n  readonly type: string\n}\n'
  return `${header}${type}\n/** Of two versions of a kind the preferred one comes first. */\nexport const resources: readonly ResourceFact[] = [\n${rows.join('')}]\n`
}
