/** Table-driven encoding, backwards: fields by falling number, each value before its tag. */
import type { Field, Schema } from '#api/schema.ts'
import { stringifyJson } from '../json.ts'
import { writeDuration } from './duration.ts'
import { writeTime } from './time.ts'
import type { Writer } from './writer.ts'

/** Writes a value with its wire form's length, if it has one, but without its tag. */
type Write = (writer: Writer, value: unknown) => void
/** Writes all of a message's fields that an object has. */
type WriteFields = (writer: Writer, object: Readonly<Record<string, unknown>>) => void

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** @param object as decoders leave it: of the schema's type. */
export function writeMessage(schema: Schema, writer: Writer, object: unknown): void {
  if (isObject(object)) fieldsOf(schema)(writer, object)
}

const compiled = new WeakMap<Schema, WriteFields>()

function fieldsOf(schema: Schema): WriteFields {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const made = makeFields([...(schema.fields?.values() ?? [])], 0)
  compiled.set(schema, made)
  return made
}

interface Slot {
  readonly number: number
  readonly write: WriteFields
}

function makeFields(fields: readonly Field[], level: number): WriteFields {
  const inner = Map.groupBy(
    fields.filter(field => field.within?.[level] !== undefined),
    field => field.within?.[level] ?? 0,
  )
  const direct = fields.flatMap(field =>
    field.within?.[level] === undefined && field.number !== undefined ? [slotOf(field, field.number)] : [],
  )
  const embedded = [...inner].map(([number, own]) => embeddedSlot(number, own, level))
  const slots = [...direct, ...embedded].sort((a, b) => b.number - a.number).map(slot => slot.write)
  return (writer, object) => {
    for (const write of slots) write(writer, object)
  }
}

/** Written like upstream only when there is something in it; absent it means the same. */
function embeddedSlot(number: number, own: readonly Field[], level: number): Slot {
  const writeInner = makeFields(own, level + 1)
  const tag = number * 8 + 2
  const write: WriteFields = (writer, object) => {
    const from = writer.written()
    writeInner(writer, object)
    if (writer.written() === from) return
    writer.close(from)
    writer.varint(tag)
  }
  return { number, write }
}

function slotOf(field: Field, number: number): Slot {
  const { name, schema } = field
  const writeAll = fieldWriter(schema, number)
  const write: WriteFields = (writer, object) => {
    const value = object[name]
    if (value !== undefined && value !== null) writeAll(writer, value)
  }
  return { number, write }
}

/** Writes a field's value or values, each with its tag. */
function fieldWriter(schema: Schema, number: number): Write {
  if (schema.type === 'array' && schema.format !== 'wrapped') return listWriter(schema.items ?? { type: 'any' }, number)
  if (schema.type === 'object' && schema.values !== undefined) return mapWriter(schema.values, number)
  const { wire, write } = valueWriter(schema)
  const tag = number * 8 + wire
  return (writer, value) => {
    write(writer, value)
    writer.varint(tag)
  }
}

function listWriter(items: Schema, number: number): Write {
  const { wire, write } = valueWriter(items)
  const tag = number * 8 + wire
  return (writer, value) => {
    if (!Array.isArray(value)) return
    for (let index = value.length - 1; index >= 0; index--) {
      write(writer, value[index])
      writer.varint(tag)
    }
  }
}

function mapWriter(values: Schema, number: number): Write {
  const { wire, write } = valueWriter(values)
  return (writer, value) => {
    if (!isObject(value)) return
    for (const key of Object.keys(value).sort().toReversed()) {
      const from = writer.written()
      write(writer, value[key])
      writer.varint(16 + wire)
      writer.text(key)
      writer.varint(10)
      writer.close(from)
      writer.varint(number * 8 + 2)
    }
  }
}

interface ValueWriter {
  readonly wire: number
  readonly write: Write
}

/** A length-delimited message around what `write` writes. */
const message = (write: Write): ValueWriter => ({
  wire: 2,
  write: (writer, value) => {
    const from = writer.written()
    write(writer, value)
    writer.close(from)
  },
})

const numeric = (value: unknown): number | bigint => (typeof value === 'bigint' ? value : Number(value))
const integer: ValueWriter = { wire: 0, write: (writer, value) => writer.integer(numeric(value)) }
const text: ValueWriter = { wire: 2, write: (writer, value) => writer.text(String(value)) }
const json = message((writer, value) => {
  writer.slice(Buffer.from(stringifyJson(value)))
  writer.varint(10)
})
const time = message((writer, value) => {
  if (typeof value === 'string') writeTime(writer, value)
})

const scalars: Readonly<Record<string, ValueWriter>> = {
  int32: integer,
  int64: integer,
  boolean: { wire: 0, write: (writer, value) => writer.varint(value === true ? 1 : 0) },
  number: { wire: 1, write: (writer, value) => writer.double(Number(value)) },
  string: text,
  byte: { wire: 2, write: (writer, value) => writer.slice(Buffer.from(String(value), 'base64')) },
  'date-time': time,
  'micro-time': time,
  duration: message((writer, value) => {
    if (typeof value === 'string') writeDuration(writer, value)
  }),
  quantity: message((writer, value) => {
    writer.text(String(value))
    writer.varint(10)
  }),
  'int-or-string': message(writeIntOrString),
  raw: json,
  json,
}

function writeIntOrString(writer: Writer, value: unknown): void {
  writer.text(typeof value === 'string' ? value : '')
  writer.varint(0x1a)
  writer.integer(typeof value === 'number' ? value : 0)
  writer.varint(0x10)
  writer.varint(typeof value === 'string' ? 1 : 0)
  writer.varint(0x08)
}

function valueWriter(schema: Schema): ValueWriter {
  if (schema.format === 'wrapped') return message(listWriter(schema.items ?? { type: 'any' }, 1))
  if (schema.format?.startsWith('schema-or-') === true) return alternativeWriter(schema)
  if (schema.type === 'object') {
    let write: WriteFields | undefined
    return message((writer, value) => {
      write ??= fieldsOf(schema)
      if (isObject(value)) write(writer, value)
    })
  }
  const found = scalars[schema.format ?? ''] ?? scalars[schema.type]
  if (found === undefined) throw new Error(`no protobuf form of ${schema.type} ${schema.format ?? ''}`)
  return found
}

function alternativeWriter({ format, values = { type: 'any' } }: Schema): ValueWriter {
  const bool = format === 'schema-or-bool'
  const writeSchema = fieldWriter(values, bool ? 2 : 1)
  const writeFlag = fieldWriter({ type: 'boolean' }, 1)
  const writeList = listWriter(format === 'schema-or-array' ? values : { type: 'string' }, 2)
  return message((writer, value) => {
    if (isObject(value)) {
      writeSchema(writer, value)
      if (bool) writeFlag(writer, true)
    } else if (bool) writeFlag(writer, value)
    else writeList(writer, value)
  })
}
