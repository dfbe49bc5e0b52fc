/** Types for expressions from the schemas of kinds. */
import type { Schema } from '#api/schema.ts'
import { escapeName } from './escape.ts'
import * as types from './types.ts'
import type { CelType, ObjectType } from './types.ts'

/** What a custom resource's schema allows at most; absent where it does not say. */
export interface Bounds {
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
}

export interface SchemaOptions {
  /** The name of the type; those of its fields derive from it. */
  readonly name: string
  /** A custom resource's schema: formats are what OpenAPI says, a built-in kind's `duration` is a plain string. */
  readonly custom: boolean
  /** A whole resource: kind, apiVersion and the name are there whatever the schema says. */
  readonly root?: boolean
  readonly bounds?: (schema: Schema) => Bounds
}

/** The largest request, by which sizes that no schema bounds are bounded. */
const largestRequest = 3 * 1024 * 1024
const longestText = largestRequest - 2
const bytesPerCharacter = 4

const formats: Readonly<Record<string, { readonly type: CelType; readonly most: number; readonly least: number }>> = {
  'date-time': { type: types.timestampType, most: 32, least: 21 },
  'micro-time': { type: types.timestampType, most: 32, least: 21 },
  date: { type: types.timestampType, most: 12, least: 12 },
  duration: { type: types.durationType, most: 32, least: 3 },
}

const formatOf = (schema: Schema, custom: boolean): (typeof formats)[string] | undefined => {
  const format = schema.format ?? ''
  if (!custom && format === 'duration') return undefined
  return Object.hasOwn(formats, format) ? formats[format] : undefined
}

const isIntOrString = (schema: Schema): boolean => schema.format === 'int-or-string'

/** The bytes that the smallest value of a schema takes in JSON. */
export function smallestSize(schema: Schema, custom: boolean): number {
  if (isIntOrString(schema)) return 1
  switch (schema.type) {
    case 'boolean':
      return 4
    case 'string':
      return formatOf(schema, custom)?.least ?? 2
    case 'object':
      return [...(schema.fields?.values() ?? [])].reduce(
        (sum, field) =>
          field.required === true && field.default === undefined
            ? sum + Buffer.byteLength(field.name) + smallestSize(field.schema, custom) + 4
            : sum,
        2,
      )
    case 'array':
      return 2
    default:
      return 1
  }
}

/** How often a value of this schema can stand in one request: under unbounded lists, a rule runs as often. */
export const mostOccurrences = (schema: Schema): number => Math.floor(largestRequest / (smallestSize(schema, true) + 1))

/** Limits beyond 2^53 are bigints. */
const plain = (limit: number | bigint | undefined): number | undefined =>
  limit === undefined ? undefined : Number(limit)

const bounded = (type: CelType, most: number): CelType => ({ ...type, most: Math.max(most, 0) })

function textType(schema: Schema, { custom, bounds }: SchemaOptions): CelType {
  const format = formatOf(schema, custom)
  if (format !== undefined) return bounded(format.type, format.most)
  const length = plain(bounds?.(schema).maxLength)
  if (schema.format === 'byte') return bounded(types.bytesType, length ?? longestText)
  if (length !== undefined) return bounded(types.stringType, length * bytesPerCharacter)
  const words = (schema.enum ?? []).filter(word => typeof word === 'string')
  return bounded(
    types.stringType,
    words.length > 0 ? Math.max(...words.map(word => Buffer.byteLength(word))) : longestText,
  )
}

function anyType(schema: Schema, { bounds }: SchemaOptions): CelType | undefined {
  if (!isIntOrString(schema)) return undefined
  const length = plain(bounds?.(schema).maxLength)
  return bounded(types.dynType, length === undefined ? longestText : length * bytesPerCharacter)
}

function listTypeOf(schema: Schema, options: SchemaOptions): CelType | undefined {
  const { items, listType: kind } = schema
  const item = items && typeOfSchema(items, { ...options, name: `${options.name}.@idx`, root: items.embedded === true })
  if (items === undefined || item === undefined) return undefined
  const room = Math.floor((largestRequest - 2) / (smallestSize(items, options.custom) + 1))
  const list = bounded(types.listType(item), plain(options.bounds?.(schema).maxItems) ?? room)
  const ruled = options.custom && (kind === 'set' || kind === 'map')
  return list.kind === 'list' && ruled ? { ...list, rule: { type: kind, keys: schema.listMapKeys ?? [] } } : list
}

function mapTypeOf(schema: Schema, values: Schema, options: SchemaOptions): CelType | undefined {
  const value = typeOfSchema(values, { ...options, name: `${options.name}.@elem`, root: values.embedded === true })
  if (value === undefined) return undefined
  const room = Math.floor((largestRequest - 2) / (smallestSize(values, options.custom) + 6))
  const key = bounded(types.stringType, 0)
  return bounded(types.mapType(key, value), plain(options.bounds?.(schema).maxProperties) ?? room)
}

const plainText = bounded(types.stringType, longestText)

function rootFields(name: string): ReadonlyMap<string, CelType> {
  const names = new Map([
    ['name', plainText],
    ['generateName', plainText],
  ])
  const metadata: CelType = { ...types.objectType(`${name}.metadata`, names), most: 0 }
  return new Map([
    ['apiVersion', plainText],
    ['kind', plainText],
    ['metadata', metadata],
  ])
}

/** A custom resource's own schema may say more of metadata, and then counts; the definition that all kinds share does not. */
function declaresRoot({ fields }: Schema): boolean {
  const metadata = fields?.get('metadata')?.schema
  const isText = (of: Schema['fields'], ...names: readonly string[]): boolean =>
    names.every(name => of?.get(name)?.schema.type === 'string')
  return (
    isText(fields, 'kind', 'apiVersion') &&
    metadata?.name === undefined &&
    isText(metadata?.fields, 'name', 'generateName')
  )
}

/** Fields get their types when somebody asks: schemas of built-in kinds contain themselves. */
function objectTypeOf(schema: Schema, options: SchemaOptions): ObjectType & { readonly most: number } {
  const whole = options.custom && options.root === true && !declaresRoot(schema)
  const always = whole ? rootFields(options.name) : undefined
  const schemas = new Map<string, Schema>()
  for (const field of schema.fields?.values() ?? []) {
    const name = escapeName(field.name)
    if (name !== undefined) schemas.set(name, field.schema)
  }
  const known = new Map<string, CelType | undefined>(always)
  const field = (name: string): CelType | undefined => {
    if (known.has(name)) return known.get(name)
    // Words that are reserved for names are none after a dot.
    const inner = schemas.get(name) ?? schemas.get(escapeName(name) ?? '')
    const type =
      inner && typeOfSchema(inner, { ...options, name: `${options.name}.${name}`, root: inner.embedded === true })
    if (inner !== undefined) known.set(name, type)
    return type
  }
  return { kind: 'object', name: options.name, field, most: 0 }
}

/** The type of a schema's values, with its bounds. Undefined for what expressions do not get to see: JSON of any kind. */
export function typeOfSchema(schema: Schema, options: SchemaOptions): CelType | undefined {
  if (isIntOrString(schema)) return anyType(schema, options)
  switch (schema.type) {
    case 'boolean':
      return bounded(types.boolType, 0)
    case 'integer':
      return bounded(types.intType, 0)
    case 'number':
      return bounded(types.doubleType, 0)
    case 'string':
      return textType(schema, options)
    case 'array':
      return listTypeOf(schema, options)
    case 'object':
      return schema.values === undefined || (schema.fields !== undefined && schema.fields.size > 0)
        ? objectTypeOf(schema, options)
        : mapTypeOf(schema, schema.values, options)
    case 'any':
      return undefined
  }
}
