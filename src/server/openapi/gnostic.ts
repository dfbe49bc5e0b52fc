/**
 * The OpenAPI 2.0 document in gnostic's protobuf, which Go clients ask for alone. Messages are written from tables of
 * field numbers, taken from the published `OpenAPIv2.proto`; words that start with `x-` become vendor extensions.
 */
import type { Json, JsonObject } from '#api/metadata.ts'
import { stringifyJson } from '#codec/json.ts'

type Shape =
  | 'text'
  | 'flag'
  | 'integer'
  | 'double'
  /** Any value as YAML text, of which JSON is a part. */
  | 'any'
  | { readonly message: () => Message }
  /** A message that holds the given one as its field 1: `items`, `schema` of an answer. */
  | { readonly inside: Shape; readonly number: number }
  /** A map is a message whose fields 1 (or `number`) are pairs of name and value. */
  | { readonly map: Shape; readonly number: number }
  | { readonly choose: (value: Json) => Shape }

interface Message {
  readonly fields: Readonly<Record<string, readonly [number: number, shape: Shape]>>
  readonly extensions?: number
}

function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

const sliced = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const yamlOf = (value: Json): Buffer => sliced(2, Buffer.from(`${stringifyJson(value)}\n`))

function named(number: number, name: string, value: Buffer): Buffer {
  return sliced(number, Buffer.concat([sliced(1, Buffer.from(name)), sliced(2, value)]))
}

/** Bytes of a value of a shape that is a message. */
function messageOf(shape: Shape, value: Json): Buffer {
  if (shape === 'any') return yamlOf(value)
  if (typeof shape === 'string') throw new TypeError(`${shape} is no message`)
  if ('choose' in shape) return messageOf(shape.choose(value), value)
  if ('message' in shape) return writeMessage(shape.message(), value)
  if ('inside' in shape) return field(shape.number, shape.inside, value)
  const entries = isObject(value) ? Object.entries(value) : []
  return Buffer.concat(entries.map(([name, one]) => named(shape.number, name, messageOf(shape.map, one ?? null))))
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}

/** A field with its tag; one for each item of a list. */
function field(number: number, shape: Shape, value: Json): Buffer {
  if (Array.isArray(value) && shape !== 'any')
    return Buffer.concat((value as readonly Json[]).map(one => field(number, shape, one)))
  if (shape === 'text') return sliced(number, Buffer.from(typeof value === 'string' ? value : stringifyJson(value)))
  if (shape === 'flag') return Buffer.concat([varint(number << 3), varint(value === true ? 1 : 0)])
  if (shape === 'integer') return Buffer.concat([varint(number << 3), varint(Math.trunc(Number(value)))])
  if (shape === 'double') return Buffer.concat([varint((number << 3) | 1), double(Number(value))])
  return sliced(number, messageOf(shape, value))
}

function writeMessage(message: Message, value: Json): Buffer {
  if (!isObject(value)) return Buffer.alloc(0)
  const parts: Buffer[] = []
  for (const [name, one] of Object.entries(value)) {
    if (one === undefined) continue
    const known = Object.hasOwn(message.fields, name) ? message.fields[name] : undefined
    if (known !== undefined) parts.push(field(known[0], known[1], one))
    else if (name.startsWith('x-') && message.extensions !== undefined)
      parts.push(named(message.extensions, name, yamlOf(one)))
  }
  return Buffer.concat(parts)
}

const of = (message: () => Message): Shape => ({ message })

/** `enum` repeats Any; a default is one Any even when it is a list. */
const values: Shape = { choose: () => 'any' }

const schema: Message = {
  extensions: 31,
  fields: {
    $ref: [1, 'text'],
    format: [2, 'text'],
    title: [3, 'text'],
    description: [4, 'text'],
    default: [5, 'any'],
    multipleOf: [6, 'double'],
    maximum: [7, 'double'],
    exclusiveMaximum: [8, 'flag'],
    minimum: [9, 'double'],
    exclusiveMinimum: [10, 'flag'],
    maxLength: [11, 'integer'],
    minLength: [12, 'integer'],
    pattern: [13, 'text'],
    maxItems: [14, 'integer'],
    minItems: [15, 'integer'],
    uniqueItems: [16, 'flag'],
    maxProperties: [17, 'integer'],
    minProperties: [18, 'integer'],
    required: [19, 'text'],
    enum: [20, values],
    additionalProperties: [
      21,
      {
        choose: value =>
          typeof value === 'boolean' ? { inside: 'flag', number: 2 } : { inside: of(() => schema), number: 1 },
      },
    ],
    type: [22, { inside: 'text', number: 1 }],
    items: [23, { inside: of(() => schema), number: 1 }],
    properties: [25, { map: of(() => schema), number: 1 }],
    example: [30, 'any'],
  },
}

const parameterFields = (numbers: Readonly<Record<string, number>>): Message => ({
  fields: Object.fromEntries(
    Object.entries(numbers).map(([name, number]) => [
      name,
      [number, name === 'required' || name === 'uniqueItems' ? 'flag' : 'text'] as const,
    ]),
  ),
})
const queryParameter = parameterFields({ required: 1, in: 2, description: 3, name: 4, type: 6, uniqueItems: 20 })
const pathParameter = parameterFields({ required: 1, in: 2, description: 3, name: 4, type: 5, uniqueItems: 19 })
const bodyParameter: Message = {
  fields: {
    description: [1, 'text'],
    name: [2, 'text'],
    in: [3, 'text'],
    required: [4, 'flag'],
    schema: [5, of(() => schema)],
  },
}

/** ParametersItem.parameter, then Parameter.body_parameter or its non_body_parameter's query or path. */
const parameter: Shape = {
  choose: value => {
    const place = isObject(value) ? value['in'] : ''
    if (place === 'body')
      return nested(
        [1, 1],
        of(() => bodyParameter),
      )
    return place === 'path'
      ? nested(
          [1, 2, 4],
          of(() => pathParameter),
        )
      : nested(
          [1, 2, 3],
          of(() => queryParameter),
        )
  },
}

const nested = (numbers: readonly number[], shape: Shape): Shape =>
  numbers.reduceRight<Shape>((inside, number) => ({ inside, number }), shape)

const response: Message = {
  extensions: 5,
  fields: { description: [1, 'text'], schema: [2, { inside: of(() => schema), number: 1 }] },
}

const operation: Message = {
  extensions: 13,
  fields: {
    tags: [1, 'text'],
    description: [3, 'text'],
    operationId: [5, 'text'],
    produces: [6, 'text'],
    consumes: [7, 'text'],
    parameters: [8, parameter],
    responses: [9, { map: { inside: of(() => response), number: 1 }, number: 1 }],
    schemes: [10, 'text'],
    deprecated: [11, 'flag'],
  },
}

const pathItem: Message = {
  extensions: 10,
  fields: {
    get: [2, of(() => operation)],
    put: [3, of(() => operation)],
    post: [4, of(() => operation)],
    delete: [5, of(() => operation)],
    patch: [8, of(() => operation)],
  },
}

const apiKey = parameterFields({ type: 1, name: 2, in: 3, description: 4 })

const head: Message = {
  fields: {
    swagger: [1, 'text'],
    info: [2, of(() => parameterFields({ title: 1, version: 2 }))],
    security: [12, { map: { inside: 'text', number: 1 }, number: 1 }],
    securityDefinitions: [13, { map: { inside: of(() => apiKey), number: 2 }, number: 1 }],
  },
}

export const gnosticHead = (value: JsonObject): Buffer => writeMessage(head, value)

/** One path, ready to stand in Paths. */
export const gnosticPath = (path: string, item: JsonObject): Buffer => named(2, path, writeMessage(pathItem, item))

/** One definition, ready to stand in Definitions. */
export const gnosticDefinition = (name: string, value: JsonObject): Buffer =>
  named(1, name, writeMessage(schema, value))

const pathsNumber = 8
const definitionsNumber = 9

/** Messages may come in pieces: fields of a document are merged by whoever reads them. */
export const gnosticDocument = (first: Buffer, paths: readonly Buffer[], definitions: readonly Buffer[]): Buffer =>
  Buffer.concat([
    first,
    sliced(pathsNumber, Buffer.concat(paths)),
    sliced(definitionsNumber, Buffer.concat(definitions)),
  ])
