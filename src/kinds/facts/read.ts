/**
 * Reads the generated facts into schemas, each type on first demand: a process that serves ten kinds never parses the
 * other sixty, and types that contain themselves (JSONSchemaProps) need no special case.
 *
 * A type's line is its fields, space separated, each `name=number.number:code/mark/mark`; `!atomic` first for a struct that
 * is replaced as a whole. Several numbers lead through the messages of embedded structs. Codes: s string, i int32, l int64,
 * b boolean, d double, y bytes, t time, m micro time, D duration, q quantity, x int-or-string, r raw extension, j any JSON,
 * J JSON text, F FieldsV1, A B S JSON schema or array, boolean, strings; `[T` list, `W[T` list wrapped in a message, `{T` map,
 * `@Name` a type of the same group version, `@alias.Name` of another. Marks: flags r required, p pointer, o omitempty,
 * z omitzero; L list type, K list map key, M map or struct type, P patch strategy, k merge key, D default and E enum, escaped as in URIs.
 */
import type { Json } from '#api/metadata.ts'
import type { Field, Schema } from '#api/schema.ts'
import { facts } from './generated/facts.ts'

/** Lines of types by alias and name. */
export type Table = Readonly<
  Record<string, { readonly openapi: string; readonly types: Readonly<Record<string, string>> }>
>

/** Types of one table, by keys such as `core_v1.PodSpec`. */
export interface Types {
  /** @throws Error for a type that there are no facts of. */
  typeSchema(key: string): Schema
  /** All types that there are facts of. */
  typeKeys(): readonly string[]
}

class TypeSchema implements Schema {
  readonly type = 'object'
  readonly name: string
  readonly mapType?: 'atomic' | 'granular'
  readonly #from: From
  readonly #line: string
  #fields: ReadonlyMap<string, Field> | undefined
  constructor(from: From, type: string, mapType?: 'atomic' | 'granular') {
    const { alias, types } = from
    const home = types.table[alias]
    const line = home !== undefined && Object.hasOwn(home.types, type) ? home.types[type] : undefined
    if (home === undefined || line === undefined) throw new Error(`no facts of ${alias}.${type}`)
    const atomic = line.startsWith('!atomic ')
    this.#from = from
    this.#line = atomic ? line.slice('!atomic '.length) : line
    this.name = `${home.openapi}.${type}`
    const own = mapType ?? (atomic ? 'atomic' : undefined)
    if (own !== undefined) this.mapType = own
  }
  get fields(): ReadonlyMap<string, Field> {
    this.#fields ??= readFields(this.#line, this.#from)
    return this.#fields
  }
}

class TableTypes implements Types {
  readonly table: Table
  readonly #cache = new Map<string, Schema>()
  constructor(table: Table) {
    this.table = table
  }

  typeSchema(key: string): Schema {
    const known = this.#cache.get(key)
    if (known !== undefined) return known
    const [alias = '', type = ''] = key.split('.')
    const schema = new TypeSchema({ alias, types: this }, type)
    this.#cache.set(key, schema)
    return schema
  }

  typeKeys(): readonly string[] {
    return Object.entries(this.table).flatMap(([alias, home]) =>
      Object.keys(home.types).map(type => `${alias}.${type}`),
    )
  }
}

/** Where a line stands: names without an alias are of the same one. */
interface From {
  readonly alias: string
  readonly types: TableTypes
}

/** Reads another table than the built-in kinds': versions that are not served. */
export const typesOf = (table: Table): Types => new TableTypes(table)

const builtin = new TableTypes(facts)

/** @param key `alias.Name`, for example `core_v1.PodSpec`. @throws Error for a type that there are no facts of. */
export const typeSchema = (key: string): Schema => builtin.typeSchema(key)

/** As typeSchema, undefined for a type that there are no facts of. */
export function findType(key: string): Schema | undefined {
  const [alias = '', type = ''] = key.split('.')
  const home = Object.hasOwn(facts, alias) ? facts[alias] : undefined
  return home !== undefined && Object.hasOwn(home.types, type) ? typeSchema(key) : undefined
}

/** All types that there are facts of, as keys for `typeSchema`. */
export const typeKeys = (): readonly string[] => builtin.typeKeys()

interface Marks {
  flags: string
  listType?: 'atomic' | 'set' | 'map'
  keys: string[]
  mapType?: 'atomic' | 'granular'
  patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[]
  patchMergeKey?: string
  default?: Json
  enum?: readonly string[]
}

function readMarks(parts: readonly string[]): Marks {
  const marks: Marks = { flags: '', keys: [] }
  for (const part of parts) {
    const rest = part.slice(1)
    if (part[0] === 'L') marks.listType = rest as 'atomic' | 'set' | 'map'
    else if (part[0] === 'K') marks.keys.push(rest)
    else if (part[0] === 'M') marks.mapType = rest as 'atomic' | 'granular'
    else if (part[0] === 'P') marks.patchStrategy = rest.split(',') as ('merge' | 'replace' | 'retainKeys')[]
    else if (part[0] === 'k') marks.patchMergeKey = rest
    else if (part[0] === 'D') marks.default = JSON.parse(decodeURIComponent(rest)) as Json
    else if (part[0] === 'E') marks.enum = rest.split(',').map(decodeURIComponent)
    else marks.flags = part
  }
  return marks
}

function readFields(line: string, from: From): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>()
  for (const text of line === '' ? [] : line.split(' ')) {
    const field = readField(text, from)
    fields.set(field.name, field)
  }
  return fields
}

function readField(text: string, from: From): Field {
  const [head = '', ...parts] = text.split('/')
  const colon = head.indexOf(':')
  const [name = '', path] = head.slice(0, colon).split('=')
  const numbers = path?.split('.').map(Number) ?? []
  const marks = readMarks(parts)
  const last = numbers.at(-1)
  return {
    name,
    schema: readCode(head.slice(colon + 1), from, marks),
    ...(last === undefined ? {} : { number: last }),
    ...(numbers.length < 2 ? {} : { within: numbers.slice(0, -1) }),
    ...(marks.flags.includes('r') ? { required: true } : {}),
    ...(marks.default === undefined ? {} : { default: marks.default }),
    ...(omits(head.slice(colon + 1), marks.flags) ? { omitEmpty: true } : {}),
    ...(marks.flags.includes('p') ? { pointer: true } : {}),
    ...(marks.patchStrategy === undefined ? {} : { patchStrategy: marks.patchStrategy }),
    ...(marks.patchMergeKey === undefined ? {} : { patchMergeKey: marks.patchMergeKey }),
  }
}

/** Go's omitempty never omits a struct, and quantities, times and int-or-strings are structs. */
const omits = (code: string, flags: string): boolean =>
  flags.includes('z') || (flags.includes('o') && (flags.includes('p') || !'@qxr'.includes(code[0] ?? '')))

const scalars: Readonly<Record<string, Schema>> = {
  s: { type: 'string' },
  i: { type: 'integer', format: 'int32' },
  l: { type: 'integer', format: 'int64' },
  b: { type: 'boolean' },
  d: { type: 'number', format: 'double' },
  y: { type: 'string', format: 'byte' },
  t: { type: 'string', format: 'date-time' },
  m: { type: 'string', format: 'micro-time' },
  D: { type: 'string', format: 'duration' },
  q: { type: 'string', format: 'quantity' },
  x: { type: 'string', format: 'int-or-string' },
  r: { type: 'any', format: 'raw', preserveUnknown: true },
  j: { type: 'any', preserveUnknown: true },
  J: { type: 'any', format: 'json', preserveUnknown: true },
  F: { type: 'any', format: 'json', preserveUnknown: true, name: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1' },
}
const alternatives: Readonly<Record<string, Schema['format']>> = {
  A: 'schema-or-array',
  B: 'schema-or-bool',
  S: 'schema-or-strings',
}

function readReference(target: string, { alias, types }: From, marks: Marks): Schema {
  const [left = '', right] = target.split('.')
  const [home, type] = right === undefined ? [alias, left] : [left, right]
  return marks.mapType === undefined
    ? types.typeSchema(`${home}.${type}`)
    : new TypeSchema({ alias: home, types }, type, marks.mapType)
}

function readCode(code: string, from: From, marks: Marks): Schema {
  const rest = code.slice(1)
  const { enum: values, listType, keys, mapType } = marks
  const inner: Marks = { flags: '', keys: [], ...(values === undefined ? {} : { enum: values }) }
  if (code[0] === '@') return readReference(rest, from, marks)
  if (code[0] === 'W') return { ...readCode(rest, from, marks), format: 'wrapped' }
  if (code[0] === '[')
    return {
      type: 'array',
      items: readCode(rest, from, inner),
      ...(listType === undefined ? {} : { listType }),
      ...(keys.length === 0 ? {} : { listMapKeys: keys }),
    }
  if (code[0] === '{')
    return { type: 'object', values: readCode(rest, from, inner), ...(mapType === undefined ? {} : { mapType }) }
  const format = alternatives[code]
  if (format !== undefined)
    return { type: 'any', format, values: from.types.typeSchema('apiextensions_v1.JSONSchemaProps') }
  const scalar = scalars[code]
  if (scalar === undefined) throw new Error(`unknown type code ${code}`)
  return values === undefined ? scalar : { ...scalar, enum: values }
}
