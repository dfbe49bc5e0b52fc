/** Table-driven decoding: each schema becomes a table from field numbers to closures that write into a plain object. */
import type { Field, Schema } from '#api/schema.ts'
import { ProtobufError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { readDuration } from './duration.ts'
import { seconds } from './time.ts'
import type { Reader } from './reader.ts'

type Target = Record<string, unknown>
/** Reads one value of a field. */
type Read = (reader: Reader, wire: number) => unknown
type Entry = (reader: Reader, target: Target, wire: number) => void
type Table = readonly (Entry | undefined)[]

const varint = 0
const fixed = 1
const delimited = 2
/** Reads the fields of a message up to the reader's end. @throws ProtobufError, JsonError */
export function readMessage(schema: Schema, reader: Reader): Target {
  const target: Target = {}
  readInto(tableOf(schema), reader, target)
  return target
}

function readInto(table: Table, reader: Reader, target: Target): void {
  while (reader.at < reader.end) {
    const tag = reader.varint()
    if (tag < 8 || tag >= 2 ** 32) throw new ProtobufError(`illegal tag ${tag}`)
    const entry = table[tag >>> 3]
    if (entry === undefined) reader.skip(tag & 7)
    else entry(reader, target, tag & 7)
  }
}

function expect(wire: number, wanted: number): void {
  if (wire !== wanted) throw new ProtobufError(`wrong wireType = ${wire}`)
}

/** Reads a message into an object that is there already, or a new one. */
function nested(reader: Reader, table: Table, target: Target): Target {
  const outer = reader.enter()
  readInto(table, reader, target)
  reader.leave(outer)
  return target
}

const tables = new WeakMap<Schema, Table>()

function tableOf(schema: Schema): Table {
  const known = tables.get(schema)
  if (known !== undefined) return known
  const made = makeTable([...(schema.fields?.values() ?? [])], 0)
  tables.set(schema, made)
  return made
}

/** @param level how many embedded messages deep; their fields go into the same object. */
function makeTable(fields: readonly Field[], level: number): Table {
  const table: (Entry | undefined)[] = []
  const inner = new Map<number, Field[]>()
  for (const field of fields) {
    const through = field.within?.[level]
    if (through !== undefined) inner.set(through, [...(inner.get(through) ?? []), field])
    else if (field.number !== undefined) table[field.number] = entryOf(field.name, field.schema)
  }
  for (const [number, own] of inner) {
    const within = makeTable(own, level + 1)
    table[number] = (reader, target, wire) => {
      expect(wire, delimited)
      nested(reader, within, target)
    }
  }
  return table
}

function entryOf(name: string, schema: Schema): Entry {
  if (schema.type === 'array' && schema.format !== 'wrapped') return listEntry(name, schema.items ?? { type: 'any' })
  if (schema.type === 'object' && schema.values !== undefined) return mapEntry(name, schema.values)
  const read = readOf(schema)
  return (reader, target, wire) => {
    const value = read(reader, wire)
    if (value !== undefined) target[name] = value
  }
}

function listEntry(name: string, items: Schema): Entry {
  const read = readOf(items)
  const packs = items.type === 'integer' || items.type === 'boolean'
  return (reader, target, wire) => {
    const list = (target[name] ??= []) as unknown[]
    if (!packs || wire !== delimited) list.push(read(reader, wire))
    else
      reader.message(() => {
        while (reader.at < reader.end) list.push(read(reader, varint))
      })
  }
}

/** A map is a list of messages with the key as field 1 and the value as field 2. */
function mapEntry(name: string, values: Schema): Entry {
  const read = readOf(values)
  return (reader, target, wire) => {
    expect(wire, delimited)
    const map = (target[name] ??= {}) as Target
    let key = ''
    let value: unknown = null
    reader.message(() =>
      reader.fields((number, inner) => {
        if (number === 1) {
          expect(inner, delimited)
          key = reader.text()
        } else if (number === 2) value = read(reader, inner) ?? null
        else reader.skip(inner)
      }),
    )
    if (key === '__proto__')
      Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
    else map[key] = value
  }
}

const scalars: Readonly<Record<string, readonly [number, (reader: Reader) => unknown]>> = {
  int32: [varint, reader => reader.int32()],
  int64: [varint, reader => reader.int64()],
  boolean: [varint, reader => reader.varint() !== 0],
  number: [fixed, reader => reader.double()],
  string: [delimited, reader => reader.text()],
  byte: [delimited, reader => reader.slice().toString('base64')],
  'date-time': [delimited, reader => seconds(reader, 0)],
  'micro-time': [delimited, reader => seconds(reader, 6)],
  duration: [delimited, readDuration],
  quantity: [delimited, readQuantity],
  'int-or-string': [delimited, readIntOrString],
  raw: [delimited, readJson],
  json: [delimited, readJson],
}

function readOf(schema: Schema): Read {
  if (schema.format === 'wrapped') return inMessage(reader => readWrapped(reader, schema))
  if (schema.format?.startsWith('schema-or-') === true) return inMessage(reader => readAlternative(reader, schema))
  if (schema.type === 'object') return structRead(schema)
  const found = scalars[schema.format ?? ''] ?? scalars[schema.type]
  if (found === undefined) throw new Error(`no protobuf form of ${schema.type} ${schema.format ?? ''}`)
  const [wanted, read] = found
  return (reader, wire) => {
    expect(wire, wanted)
    return read(reader)
  }
}

function structRead(schema: Schema): Read {
  let table: Table | undefined
  return (reader, wire) => {
    expect(wire, delimited)
    table ??= tableOf(schema)
    return nested(reader, table, {})
  }
}

const inMessage =
  (read: (reader: Reader) => unknown): Read =>
  (reader, wire) => {
    expect(wire, delimited)
    return reader.message(() => read(reader))
  }

function readQuantity(reader: Reader): string {
  let text = '0'
  reader.message(() => reader.fields((number, wire) => (number === 1 ? (text = reader.text()) : reader.skip(wire))))
  return text === '' ? '0' : text
}

function readIntOrString(reader: Reader): string | number {
  let isText = false
  let whole = 0
  let text = ''
  reader.message(() =>
    reader.fields((number, wire) => {
      if (number === 1 && wire === varint) isText = reader.varint() !== 0
      else if (number === 2 && wire === varint) whole = reader.int32()
      else if (number === 3 && wire === delimited) text = reader.text()
      else reader.skip(wire)
    }),
  )
  return isText ? text : whole
}

/** JSON text as bytes, field 1. */
function readJson(reader: Reader): unknown {
  let text: Uint8Array | undefined
  reader.message(() => reader.fields((number, wire) => (number === 1 ? (text = reader.slice()) : reader.skip(wire))))
  return text === undefined || text.length === 0 ? null : parseJson(text).value
}

function readWrapped(reader: Reader, schema: Schema): unknown {
  const holder: Target = {}
  readInto([undefined, listEntry('items', schema.items ?? { type: 'any' })], reader, holder)
  return holder['items'] ?? []
}

/** What a JSON schema or something simpler looks like: field numbers of the schema and of the other. */
function readAlternative(reader: Reader, schema: Schema): unknown {
  const inner: Schema = schema.values ?? { type: 'any' }
  const found: Target = {}
  const table: (Entry | undefined)[] = []
  table[schema.format === 'schema-or-bool' ? 2 : 1] = entryOf('schema', inner)
  if (schema.format === 'schema-or-bool') table[1] = entryOf('other', { type: 'boolean' })
  else table[2] = listEntry('other', schema.format === 'schema-or-array' ? inner : { type: 'string' })
  readInto(table, reader, found)
  return found['schema'] ?? found['other'] ?? (schema.format === 'schema-or-bool' ? false : [])
}
