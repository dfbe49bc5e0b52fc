/**
 * From parsed JSON to an object of a built-in kind, as Go's decoder and encoder would leave it: types checked, unknown
 * fields dropped and named, nulls and empty values gone where they mean nothing, zero values where upstream always writes
 * one, quantities and times canonical. One pass; each schema is compiled once.
 */
import type { Draft, KObject } from '#api/metadata.ts'
import type { Field, Schema } from '#api/schema.ts'
import { DecodeError } from './errors.ts'
import { pathText } from './exactJson.ts'
import { explain, Mismatch } from './mismatch.ts'
import { bytesText, durationText, microTimeText, quantityText, timeText } from './scalars.ts'

export interface Decoded {
  readonly object: Draft<KObject>
  /** Paths of fields that the schema does not know, at most a hundred. */
  readonly unknown: readonly string[]
}

interface Context {
  /** Names and indexes down to where the decoder is; only the first `depth` count. */
  readonly path: (string | number)[]
  depth: number
  readonly unknown: string[]
}

/** Changes nothing that it is given, and returns it where nothing has to change. */
type Decoder = (value: unknown, context: Context) => unknown
type Fields = Record<string, unknown>

const mostUnknown = 100

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * @param value from parseJson or parseYaml. Not changed, but the result shares what is right already.
 * @throws DecodeError for a value of the wrong type, with upstream's message.
 */
export function decodeTyped(schema: Schema, value: unknown): Decoded {
  const context: Context = { path: [], depth: 0, unknown: [] }
  try {
    return { object: inOrder(decoderOf(schema)(value, context) as Draft<KObject>), unknown: context.unknown }
  } catch (error) {
    if (error instanceof Mismatch) throw explain(error, schema, context.path.slice(0, context.depth))
    throw error
  }
}

/** Review and option kinds have no metadata. */
function inOrder(object: Draft<KObject>): Draft<KObject> {
  const { apiVersion, kind, metadata, ...rest } = object
  return metadata === undefined ? object : { apiVersion, kind, metadata, ...rest }
}

/** As decodeTyped, for a part of an object: the options of a request, one field. */
export function decodePart(
  schema: Schema,
  value: unknown,
): { readonly value: unknown; readonly unknown: readonly string[] } {
  const context: Context = { path: [], depth: 0, unknown: [] }
  try {
    return { value: decoderOf(schema)(value, context), unknown: context.unknown }
  } catch (error) {
    if (error instanceof Mismatch) throw explain(error, schema, context.path.slice(0, context.depth))
    throw error
  }
}

const compiled = new WeakMap<Schema, Decoder>()

function decoderOf(schema: Schema): Decoder {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const made = makers[schema.type](schema)
  compiled.set(schema, made)
  return made
}

const makers: Readonly<Record<Schema['type'], (schema: Schema) => Decoder>> = {
  object: schema => (schema.values === undefined ? structDecoder(schema) : mapDecoder(schema, schema.values)),
  array: schema => arrayDecoder(schema, schema.items ?? { type: 'any' }),
  string: schema => stringDecoder(schema),
  integer: schema => integerDecoder(schema),
  number: schema => value => {
    if (typeof value === 'number' && Number.isFinite(value)) return value
    if (typeof value === 'bigint') return Number(value)
    throw new Mismatch(value, schema)
  },
  boolean: schema => value => {
    if (typeof value === 'boolean') return value
    throw new Mismatch(value, schema)
  },
  any: schema => anyDecoder(schema),
}

interface Slot {
  readonly decode: Decoder
  /** An empty value says the same as none. */
  readonly drops: boolean
}

interface Struct {
  readonly slots: ReadonlyMap<string, Slot>
  /** Fields that are always there, with what makes their zero value. */
  readonly always: readonly { readonly name: string; readonly zero: () => unknown }[]
}

function compileStruct(schema: Schema): Struct {
  const fields = [...(schema.fields?.values() ?? [])]
  const slots = fields.map((field): [string, Slot] => [
    field.name,
    { decode: decoderOf(field.schema), drops: field.omitEmpty === true && field.pointer !== true },
  ])
  const always = fields
    .filter(field => isAlways(field))
    .map(field => ({ name: field.name, zero: () => zeroOf(field.schema) }))
  return { slots: new Map(slots), always }
}

const isAlways = (field: Field): boolean =>
  field.omitEmpty !== true && field.pointer !== true && zeroOf(field.schema, true) !== undefined

/** What Go writes for a field that was never set; undefined where it writes null. @param shallow only whether there is one. */
function zeroOf(schema: Schema, shallow = false): unknown {
  if (schema.type === 'array') return []
  if (schema.type === 'object') return shallow || schema.fields === undefined ? {} : zeroStruct(schema)
  if (schema.type === 'integer' || schema.type === 'number' || schema.format === 'int-or-string') return 0
  if (schema.type === 'boolean') return false
  if (schema.format === 'quantity') return '0'
  if (schema.format === 'duration') return '0s'
  if (schema.format === 'date-time' || schema.format === 'micro-time' || schema.type === 'any') return undefined
  return ''
}

function zeroStruct(schema: Schema): unknown {
  const value: Fields = {}
  for (const field of schema.fields?.values() ?? []) if (isAlways(field)) value[field.name] = zeroOf(field.schema)
  return value
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object') return value === '' || value === 0 || value === false || value === 0n
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value) return false
  return true
}

function structDecoder(schema: Schema): Decoder {
  let struct: Struct | undefined
  return (value, context) => {
    if (!isObject(value)) throw new Mismatch(value, schema)
    struct ??= compileStruct(schema)
    const at = context.depth++
    let changed: Fields | undefined
    let dropped = false
    for (const name in value) {
      const slot = struct.slots.get(name)
      context.path[at] = name
      const given = value[name]
      if (slot === undefined) note(context)
      const decoded = slot === undefined || given === null ? undefined : slot.decode(given, context)
      const drops = decoded === undefined || (slot?.drops === true && isEmpty(decoded))
      if (drops) dropped = true
      if (drops || decoded !== given) (changed ??= { ...value })[name] = drops ? undefined : decoded
    }
    context.depth = at
    const kept = dropped ? keep(changed ?? value, struct) : (changed ?? value)
    return withZeros(kept, struct, kept === value)
  }
}

/** @param shared whether the object is not ours to change. */
function withZeros(value: Fields, struct: Struct, shared: boolean): Fields {
  let result = value
  for (const field of struct.always)
    if (result[field.name] === undefined) {
      if (shared && result === value) result = { ...value }
      result[field.name] = field.zero()
    }
  return result
}

/** A new object is cheaper for everybody after us than one that fields were deleted from. */
function keep(value: Fields, struct: Struct): Fields {
  const kept: Fields = {}
  for (const name in value) {
    const field = value[name]
    if (field !== undefined && struct.slots.has(name)) kept[name] = field
  }
  return kept
}

function note(context: Context): void {
  if (context.unknown.length < mostUnknown) context.unknown.push(pathText(context.path.slice(0, context.depth)))
}

function mapDecoder(schema: Schema, values: Schema): Decoder {
  const decode = decoderOf(values)
  return (value, context) => {
    if (!isObject(value)) throw new Mismatch(value, schema)
    const at = context.depth++
    let changed: Fields | undefined
    for (const key in value) {
      const given = value[key]
      context.path[at] = key
      const decoded = given === null ? (zeroOf(values) ?? null) : decode(given, context)
      // No setter is met: the copy has an own property of this name, even if it is `__proto__`.
      if (decoded !== given) (changed ??= { ...value })[key] = decoded
    }
    context.depth = at
    return changed ?? value
  }
}

function arrayDecoder(schema: Schema, items: Schema): Decoder {
  let decode: Decoder | undefined
  return (value, context) => {
    if (!Array.isArray(value)) throw new Mismatch(value, schema)
    decode ??= decoderOf(items)
    const list: unknown[] = value
    const at = context.depth++
    let changed: unknown[] | undefined
    for (let index = 0; index < list.length; index++) {
      const given = list[index]
      context.path[at] = index
      const decoded = given === null ? (zeroOf(items) ?? null) : decode(given, context)
      if (decoded !== given) (changed ??= [...list])[index] = decoded
    }
    context.depth = at
    return changed ?? list
  }
}

const texts: Readonly<Record<string, (text: string) => string>> = {
  'date-time': timeText,
  'micro-time': microTimeText,
  byte: bytesText,
  duration: durationText,
}

function stringDecoder(schema: Schema): Decoder {
  if (schema.format === 'quantity')
    return value => {
      if (typeof value === 'string' || typeof value === 'number') return quantityText(value)
      throw new Mismatch(value, schema)
    }
  if (schema.format === 'int-or-string')
    return value => {
      if (typeof value === 'string' || isInt32(value)) return value
      throw new Mismatch(value, schema)
    }
  const canonical = texts[schema.format ?? '']
  return value => {
    if (typeof value !== 'string') throw new Mismatch(value, schema)
    return canonical === undefined ? value : canonical(value)
  }
}

const isInt32 = (value: unknown): value is number => typeof value === 'number' && (value | 0) === value

function integerDecoder(schema: Schema): Decoder {
  if (schema.format === 'int32')
    return value => {
      if (isInt32(value)) return value
      throw new Mismatch(value, schema)
    }
  return value => {
    if (Number.isSafeInteger(value) || typeof value === 'bigint') return value
    throw new Mismatch(value, schema)
  }
}

/** The parts of a custom resource's schema that are either a schema or something simpler. */
function anyDecoder(schema: Schema): Decoder {
  const { format, values } = schema
  if (values === undefined) return value => value
  return (value, context) => {
    if (format === 'schema-or-bool' && typeof value === 'boolean') return value
    const decode = quietly(decoderOf(values))
    if (isObject(value)) return decode(value, context)
    if (!Array.isArray(value)) throw new DecodeError('cannot unmarshal JSON schema')
    if (format === 'schema-or-array') return value.map(item => decode(item, context))
    if (format === 'schema-or-strings' && value.every(item => typeof item === 'string')) return value
    throw new Mismatch(value, values)
  }
}

/** Upstream's own decoders of these do not report what they do not know. */
const quietly =
  (decode: Decoder): Decoder =>
  (value, context) => {
    const reported = context.unknown.length
    const decoded = decode(value, context)
    context.unknown.length = reported
    return decoded
  }
