/** From Go declarations to what we keep of a type: a flat list of fields with their facts. */
import type { GoField, GoPackage, GoType, Markers } from './go.ts'
import type { Source } from './packages.ts'

/**
 * Type code: s string, i int32, l int64, b boolean, d double, y bytes, t time, m micro time, D duration, q quantity,
 * x int-or-string, r raw extension, j any JSON, [T list, {T map, W[T list that protobuf wraps in a message,
 * @alias.Name another type.
 */
export interface Fact {
  readonly name: string
  /** Protobuf numbers from the outer message inwards; empty where protobuf does not know it. */
  readonly numbers: readonly number[]
  readonly code: string
  readonly pointer: boolean
  readonly omitEmpty: boolean
  readonly omitZero: boolean
  readonly required: boolean
  readonly markers: Markers
  readonly patchStrategy: string
  readonly patchMergeKey: string
  readonly enum: readonly string[]
  readonly default: string | undefined
}

export interface Model {
  readonly source: Source
  readonly name: string
  readonly go: GoType
  readonly root: boolean
  readonly fields: readonly Fact[]
}

export interface World {
  readonly sources: readonly Source[]
  readonly packages: ReadonlyMap<string, GoPackage>
}

interface Resolved {
  readonly code: string
  readonly pointer: boolean
  readonly enum: readonly string[]
}

const builtin: Readonly<Record<string, string>> = {
  string: 's',
  bool: 'b',
  int: 'i',
  int32: 'i',
  uint16: 'i',
  int64: 'l',
  float64: 'd',
  float32: 'd',
  byte: 'y',
  'interface{}': 'j',
  any: 'j',
}
const metaPath = 'k8s.io/apimachinery/pkg/apis/meta/v1'
const crdPath = 'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1'
/** Need a package that is not published. */
const unpublished = new Set(['k8s.io/apiserver/pkg/apis/apiserver/v1.TracingConfiguration'])
const special: Readonly<Record<string, string>> = {
  [`${metaPath}.Time`]: 't',
  [`${metaPath}.MicroTime`]: 'm',
  [`${metaPath}.Duration`]: 'D',
  [`${metaPath}.FieldsV1`]: 'F',
  [`${crdPath}.JSON`]: 'J',
  [`${crdPath}.JSONSchemaPropsOrArray`]: 'A',
  [`${crdPath}.JSONSchemaPropsOrBool`]: 'B',
  [`${crdPath}.JSONSchemaPropsOrStringArray`]: 'S',
  'k8s.io/apimachinery/pkg/api/resource.Quantity': 'q',
  'k8s.io/apimachinery/pkg/util/intstr.IntOrString': 'x',
  'k8s.io/apimachinery/pkg/runtime.RawExtension': 'r',
  'k8s.io/apimachinery/pkg/runtime.Unknown': 'r',
  'k8s.io/apimachinery/pkg/types.UID': 's',
  'k8s.io/apimachinery/pkg/types.NodeName': 's',
}
function resolveNamed(world: World, path: string, name: string): Resolved {
  const found = special[`${path}.${name}`]
  if (found !== undefined) return { code: found, pointer: false, enum: [] }
  const home = world.packages.get(path)
  const type = home?.types.get(name)
  const source = world.sources.find(one => one.path === path)
  if (home === undefined || type === undefined || source === undefined) throw new Error(`unknown type ${path}.${name}`)
  if (type.target === undefined) return { code: `@${source.alias}.${name}`, pointer: false, enum: [] }
  const target = resolve(world, path, type.target)
  const wrapped = type.markers.get('protobuf.nullable') !== undefined && target.code.startsWith('[')
  const values = type.markers.has('enum') ? (home.constants.get(name) ?? []) : target.enum
  return { ...target, code: wrapped ? `W${target.code}` : target.code, enum: [...new Set(values)].sort() }
}

function resolve(world: World, path: string, type: string): Resolved {
  if (type.startsWith('*')) return { ...resolve(world, path, type.slice(1)), pointer: true }
  if (type === '[]byte') return { code: 'y', pointer: false, enum: [] }
  if (type.startsWith('[]')) {
    const item = resolve(world, path, type.slice(2))
    return { code: `[${item.code}`, pointer: false, enum: item.enum }
  }
  const map = /^map\[[\w.]+\](.*)$/.exec(type)
  if (map?.[1] !== undefined) {
    const value = resolve(world, path, map[1])
    return { code: `{${value.code}`, pointer: false, enum: value.enum }
  }
  const known = builtin[type]
  if (known !== undefined) return { code: known, pointer: false, enum: [] }
  const [left = '', right] = type.split('.')
  if (right === undefined) return resolveNamed(world, path, left)
  const imported = world.packages.get(path)?.imports.get(left)
  if (imported === undefined) throw new Error(`${path}: import ${left} of ${type}`)
  return resolveNamed(world, imported, right)
}

const number = (field: GoField): readonly number[] => {
  const found = /^\w+,(\d+)/.exec(field.tags.get('protobuf') ?? '')
  return found?.[1] === undefined ? [] : [Number(found[1])]
}

/** As upstream's OpenAPI decides: the marker first, else whether the JSON tag omits empty values. */
function isRequired(field: GoField, omitEmpty: boolean): boolean {
  if (field.markers.has('optional') || field.markers.has('k8s:optional')) return false
  if (field.markers.has('required') || field.markers.has('k8s:required')) return true
  return !omitEmpty
}

function constantOf(world: World, name: string): string {
  for (const home of world.packages.values()) {
    const value = home.values.get(name)
    if (value !== undefined) return value
  }
  throw new Error(`no constant ${name}`)
}

function defaultOf(world: World, field: GoField): string | undefined {
  const [value] = field.markers.get('default') ?? []
  const reference = /^ref\((?:.*\.)?(\w+)\)$/.exec(value ?? '')
  return reference?.[1] === undefined ? value : JSON.stringify(constantOf(world, reference[1]))
}

function factOf(world: World, path: string, field: GoField): Fact {
  const [name = '', ...options] = (field.tags.get('json') ?? '').split(',')
  const resolved = resolve(world, path, field.type)
  const omitEmpty = options.includes('omitempty')
  return {
    name,
    numbers: number(field),
    code: resolved.code,
    pointer: resolved.pointer,
    omitEmpty,
    omitZero: options.includes('omitzero'),
    required: isRequired(field, omitEmpty),
    markers: field.markers,
    patchStrategy: field.tags.get('patchStrategy') ?? '',
    patchMergeKey: field.tags.get('patchMergeKey') ?? '',
    enum: resolved.enum,
    default: defaultOf(world, field),
  }
}

function fieldsOf(world: World, path: string, type: GoType): readonly Fact[] {
  const facts: Fact[] = []
  for (const field of type.fields ?? []) {
    const json = field.tags.get('json')
    if (json === undefined || json === '-') continue
    if (json.split(',')[0] !== '') facts.push(factOf(world, path, field))
    else facts.push(...embedded(world, path, field))
  }
  return facts
}

/** Fields of an embedded struct stand among the outer's in JSON, and in a message of their own in protobuf. */
function embedded(world: World, path: string, field: GoField): readonly Fact[] {
  const { home, type } = structOf(world, path, field.type)
  const outer = number(field)
  return fieldsOf(world, home, type).map(fact => ({
    ...fact,
    numbers: fact.numbers.length === 0 || outer.length === 0 ? [] : [...outer, ...fact.numbers],
  }))
}

/** Follows names that only stand for another. */
function structOf(world: World, path: string, name: string): { readonly home: string; readonly type: GoType } {
  const [left = '', right = ''] = name.includes('.') ? name.split('.') : ['', name]
  const home = left === '' ? path : (world.packages.get(path)?.imports.get(left) ?? '')
  const type = world.packages.get(home)?.types.get(right)
  if (type === undefined) throw new Error(`${path}: embedded ${name}`)
  return type.target === undefined ? { home, type } : structOf(world, home, type.target)
}

export function modelsOf(world: World, source: Source): readonly Model[] {
  const home = world.packages.get(source.path)
  if (home === undefined) throw new Error(`no package ${source.path}`)
  const structs = [...home.types.values()].filter(type => {
    const name = `${source.path}.${type.name}`
    return type.target === undefined && !(name in special) && !unpublished.has(name) && /^[A-Z]/.test(type.name)
  })
  return structs
    .map(go => {
      const fields = fieldsOf(world, source.path, go)
      const names = new Set(fields.map(field => field.name))
      const root = names.has('kind') && names.has('apiVersion') && go.fields?.some(one => one.type.endsWith('TypeMeta'))
      return { source, name: go.name, go, fields, root: root === true && names.has('metadata') }
    })
    .filter(model => model.fields.length > 0 || model.go.fields?.length === 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
