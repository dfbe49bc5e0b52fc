/** The types of the language. */

export type CelType = Bounded &
  (
    | { readonly kind: Simple }
    | { readonly kind: 'list'; readonly item: CelType; readonly rule?: ListRule }
    /** `named`: its values' bounds count for `map.key` as well as for `map['key']` */
    | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType; readonly named?: boolean }
    /** The type of a type, of any one where it is not said. */
    | { readonly kind: 'type'; readonly of?: CelType }
    /** A library's own type, `optional_type` among them. */
    | { readonly kind: 'opaque'; readonly name: string; readonly parameters: readonly CelType[] }
    | ObjectType
    /** A type parameter of an overload, or one that inference has yet to find. */
    | { readonly kind: 'parameter'; readonly name: string }
    /** A scalar that may be null. */
    | { readonly kind: 'wrapper'; readonly of: CelType }
  )

/** How a list of a custom resource compares and is joined (x-kubernetes-list-type). */
export interface ListRule {
  readonly type: 'set' | 'map'
  readonly keys: readonly string[]
}

/** What a schema says of sizes; types are the same whatever it says. */
interface Bounded {
  /** The most characters, items or entries; 0 for what has no size. Absent when no schema says anything. */
  readonly most?: number
}

type Simple =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null'
  | 'timestamp'
  | 'duration'
  | 'dyn'
  | 'error'

/** Two object types are the same when their names are. */
export interface ObjectType {
  readonly kind: 'object'
  readonly name: string
  /** The type of a field by the name that an expression uses, undefined for one that does not exist. */
  field(name: string): CelType | undefined
}

const simple = (kind: Simple): CelType => ({ kind })

export const boolType = simple('bool')
export const intType = simple('int')
export const uintType = simple('uint')
export const doubleType = simple('double')
export const stringType = simple('string')
export const bytesType = simple('bytes')
export const nullType = simple('null')
export const timestampType = simple('timestamp')
export const durationType = simple('duration')
export const dynType = simple('dyn')
export const errorType = simple('error')

export const listType = (item: CelType): CelType => ({ kind: 'list', item })
export const mapType = (key: CelType, value: CelType): CelType => ({ kind: 'map', key, value })
export const typeType = (of?: CelType): CelType => (of === undefined ? { kind: 'type' } : { kind: 'type', of })
export const opaqueType = (name: string, parameters: readonly CelType[] = []): CelType => ({
  kind: 'opaque',
  name,
  parameters,
})
export const optionalType = (of: CelType): CelType => opaqueType('optional_type', [of])
export const parameter = (name: string): CelType => ({ kind: 'parameter', name })
export const wrapperType = (of: CelType): CelType => ({ kind: 'wrapper', of })

export const objectType = (name: string, fields: ReadonlyMap<string, CelType>): ObjectType => ({
  kind: 'object',
  name,
  field: field => fields.get(field),
})

/** What an optional holds, else undefined. */
export const optionalOf = (type: CelType): CelType | undefined =>
  type.kind === 'opaque' && type.name === 'optional_type' ? (type.parameters[0] ?? dynType) : undefined

/** As messages show it: `map(string, list(int))`. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${formatType(type.item)})`
    case 'map':
      return `map(${formatType(type.key)}, ${formatType(type.value)})`
    case 'type':
      return type.of === undefined ? 'type' : `type(${formatType(type.of)})`
    case 'opaque':
      return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.map(formatType).join(', ')})`
    case 'object':
    case 'parameter':
      return type.name
    case 'wrapper':
      return `wrapper(${formatType(type.of)})`
    case 'error':
      return '!error!'
    default:
      return type.kind
  }
}

/** The parts of a type that are types, in order. */
export function parts(type: CelType): readonly CelType[] {
  switch (type.kind) {
    case 'list':
      return [type.item]
    case 'map':
      return [type.key, type.value]
    case 'type':
      return type.of === undefined ? [] : [type.of]
    case 'wrapper':
      return [type.of]
    case 'opaque':
      return type.parameters
    default:
      return []
  }
}

export function mapParts(type: CelType, change: (part: CelType) => CelType): CelType {
  switch (type.kind) {
    case 'list':
      return listType(change(type.item))
    case 'map':
      return mapType(change(type.key), change(type.value))
    case 'type':
      return type.of === undefined ? type : typeType(change(type.of))
    case 'wrapper':
      return wrapperType(change(type.of))
    case 'opaque':
      return type.parameters.length === 0 ? type : opaqueType(type.name, type.parameters.map(change))
    default:
      return type
  }
}

const named = (type: CelType): string => ('name' in type ? type.name : '')

/** The same constructor, whatever the parts are. */
export const sameKind = (a: CelType, b: CelType): boolean => a.kind === b.kind && named(a) === named(b)

export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true
  if (!sameKind(a, b)) return false
  const left = parts(a)
  const right = parts(b)
  return left.length === right.length && left.every((part, index) => sameType(part, right[index] ?? dynType))
}
