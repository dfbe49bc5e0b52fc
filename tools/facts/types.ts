/** TypeScript types of the API, one file a group version. */
import { header } from './lines.ts'
import type { Fact, Model } from './model.ts'

/** Types of api/metadata.ts that stand for the published ones. */
const shared = new Set(['ObjectMeta', 'OwnerReference', 'ManagedFieldsEntry'])
const scalars: Readonly<Record<string, string>> = {
  s: 'string',
  i: 'number',
  l: 'number',
  b: 'boolean',
  d: 'number',
  y: 'string',
  t: 'string',
  m: 'string',
  D: 'string',
  q: 'string',
  x: 'string | number',
  r: 'Json',
  j: 'Json',
  J: 'Json',
  F: 'JsonObject',
  A: 'JSONSchemaProps | readonly JSONSchemaProps[]',
  B: 'JSONSchemaProps | boolean',
  S: 'JSONSchemaProps | readonly string[]',
}

interface Output {
  readonly alias: string
  readonly imports: Map<string, Set<string>>
  readonly models: ReadonlyMap<string, Model>
}

function need(output: Output, from: string, name: string): string {
  const names = output.imports.get(from) ?? new Set()
  output.imports.set(from, names.add(name))
  return name
}

function referenced(code: string, output: Output): string {
  const [alias = '', name = ''] = code.slice(1).split('.')
  if (alias === 'meta_v1' && shared.has(name)) return need(output, '#api/metadata.ts', name)
  if (alias === output.alias) return name
  const clash = output.models.has(`${output.alias}.${name}`)
  need(output, `./${alias}.ts`, clash ? `${name} as ${alias}_${name}` : name)
  return clash ? `${alias}_${name}` : name
}

const array = (item: string): string => (/[|]/.test(item) ? `readonly (${item})[]` : `readonly ${item}[]`)

function typeOf(code: string, values: readonly string[], output: Output): string {
  if (code.startsWith('W')) return typeOf(code.slice(1), values, output)
  if (code.startsWith('[')) return array(typeOf(code.slice(1), values, output))
  if (code.startsWith('{')) return `Readonly<Record<string, ${typeOf(code.slice(1), values, output)}>>`
  if (code.startsWith('@')) return referenced(code, output)
  const found = scalars[code]
  if (found === undefined) throw new Error(`type code ${code}`)
  if (found === 'Json' || found === 'JsonObject') need(output, '#api/metadata.ts', found)
  if (code === 's' && values.length > 0) return values.map(value => `'${value}'`).join(' | ')
  return found
}

function hasRequired(code: string, output: Output): boolean {
  const model = output.models.get(code.slice(1))
  return model !== undefined && model.fields.some(field => !isOptional(field, model, output))
}

/**
 * A field is required where every decoded object has it: always written by upstream, or required by validation. An
 * embedded struct is always there too, but is left optional where it may be empty, so that literals stay short.
 */
function isOptional(fact: Fact, model: Model, output: Output): boolean {
  if (model.root && fact.name === 'metadata') return false
  if (fact.name === 'status' && fact.code.startsWith('@') && model.root) return true
  if (model.root && fact.name === 'spec') return false
  if (fact.required || (!fact.pointer && !fact.omitEmpty)) return false
  return fact.pointer || !fact.code.startsWith('@') || !hasRequired(fact.code, output)
}

function literal(fact: Fact, model: Model): string | undefined {
  if (!model.root) return undefined
  if (fact.name === 'kind') return `'${model.name}'`
  if (fact.name !== 'apiVersion') return undefined
  const { group, version } = model.source
  return `'${group === '' ? version : `${group}/${version}`}'`
}

function fieldLine(fact: Fact, model: Model, output: Output): string {
  const name = /^\w+$/.test(fact.name) ? fact.name : `'${fact.name}'`
  const fixed = literal(fact, model)
  if (fixed !== undefined) return `  readonly ${name}: ${fixed}\n`
  const optional = isOptional(fact, model, output) ? '?' : ''
  return `  readonly ${name}${optional}: ${typeOf(fact.code, fact.enum, output)}\n`
}

/** Roots begin like every object: apiVersion, kind, metadata. */
function ordered(model: Model): readonly Fact[] {
  if (!model.root) return model.fields
  const first = ['apiVersion', 'kind', 'metadata']
  const head = first.flatMap(name => model.fields.filter(field => field.name === name))
  return [...head, ...model.fields.filter(field => !first.includes(field.name))]
}

/** @param models all of one source. @param all by `alias.Name`. */
export function typesModule(models: readonly Model[], all: ReadonlyMap<string, Model>): string {
  const alias = models[0]?.source.alias ?? ''
  const output: Output = { alias, imports: new Map(), models: all }
  const bodies = models
    .filter(model => !(alias === 'meta_v1' && shared.has(model.name)))
    .map(model => {
      const lines = ordered(model).map(fact => fieldLine(fact, model, output))
      return `export interface ${model.name} {\n${lines.join('')}}\n`
    })
  const imports = [...output.imports]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([from, names]) => `import type { ${[...names].sort().join(', ')} } from '${from}'\n`)
  return `${header}${imports.join('')}\n${bodies.join('\n')}`
}
