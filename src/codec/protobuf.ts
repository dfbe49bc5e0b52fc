/**
 * Kubernetes objects in protobuf. On the wire they stand in an envelope, `k8s\0` and a runtime.Unknown that names version
 * and kind; in a watch each event is a frame of its own with the object's whole envelope inside.
 */
import type { Draft, KObject } from '#api/metadata.ts'
import type { Schema } from '#api/schema.ts'
import { decodeTyped } from './decode.ts'
import { ProtobufError } from './errors.ts'
import { readMessage } from './protobuf/decode.ts'
import { writeMessage } from './protobuf/encode.ts'
import { Reader } from './protobuf/reader.ts'
import { Writer } from './protobuf/writer.ts'

export interface TypeMeta {
  readonly apiVersion: string
  readonly kind: string
}

export interface Envelope extends TypeMeta {
  /** The message, or JSON where `contentType` says so. Not copied. */
  readonly raw: Uint8Array
  readonly contentType: string
}

const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00])

export const isProtobuf = (bytes: Uint8Array): boolean => magic.every((byte, at) => bytes[at] === byte)

/** @throws ProtobufError */
export function readEnvelope(bytes: Uint8Array): Envelope {
  if (!isProtobuf(bytes))
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  const reader = new Reader(bytes.subarray(magic.length))
  const found: { -readonly [K in keyof Envelope]: Envelope[K] } = {
    apiVersion: '',
    kind: '',
    raw: Buffer.alloc(0),
    contentType: '',
  }
  reader.fields((number, wire) => {
    if (wire !== 2) reader.skip(wire)
    else if (number === 1) reader.message(() => readTypeMeta(reader, found))
    else if (number === 2) found.raw = reader.slice()
    else if (number === 4) found.contentType = reader.text()
    else reader.skip(wire)
  })
  return found
}

function readTypeMeta(reader: Reader, found: { apiVersion: string; kind: string }): void {
  reader.fields((number, wire) => {
    if (number === 1 && wire === 2) found.apiVersion = reader.text()
    else if (number === 2 && wire === 2) found.kind = reader.text()
    else reader.skip(wire)
  })
}

/**
 * The object of an envelope, in the same form as decodeTyped leaves one. What the schema has no number for is skipped.
 * @param schema of the kind that the envelope names.
 * @throws ProtobufError, JsonError, DecodeError
 */
export function decodeProtobuf(schema: Schema, { apiVersion, kind, raw }: Envelope): Draft<KObject> {
  const fields = readMessage(schema, new Reader(raw))
  return decodeTyped(schema, schema.fields?.has('kind') === true ? { apiVersion, kind, ...fields } : fields).object
}

/** Room for one message at a time; encoding never waits, so nobody else can be writing. */
const shared = new Writer(1 << 16)

function written(write: (writer: Writer) => void): Buffer {
  shared.clear()
  write(shared)
  return shared.take()
}

/** An object's message without the envelope, as lists hold their items. */
export const encodeMessage = (schema: Schema, object: unknown): Buffer =>
  written(writer => writeMessage(schema, writer, object))

/** contentEncoding and contentType of an envelope, its last two fields, are empty but always written. */
const noContentType = Buffer.from([0x1a, 0x00, 0x22, 0x00])

/** An object in its envelope. */
export const encodeProtobuf = (schema: Schema, object: TypeMeta): Buffer =>
  written(writer => {
    writer.bytes(noContentType)
    const from = writer.written()
    writeMessage(schema, writer, object)
    writer.close(from)
    writer.varint(0x12)
    writeHead(writer, object)
  })

function writeHead(writer: Writer, { apiVersion, kind }: TypeMeta): void {
  const from = writer.written()
  writer.text(kind)
  writer.varint(0x12)
  writer.text(apiVersion)
  writer.varint(0x0a)
  writer.close(from)
  writer.varint(0x0a)
  writer.bytes(magic)
}

/** How many bytes a length takes. */
function sizeOf(length: number): number {
  let size = 1
  for (let rest = length; rest >= 128; rest = Math.floor(rest / 128)) size++
  return size
}

/** What stands before a field, of a number below 16, that holds a message. @returns a view of `room`. */
function header(room: Uint8Array, number: number, length: number): Uint8Array {
  room[0] = number * 8 + 2
  let at = 1
  let rest = length
  for (; rest >= 128; rest = Math.floor(rest / 128)) room[at++] = (rest % 128) | 0x80
  room[at++] = rest
  return room.subarray(0, at)
}

/**
 * A list in its envelope, in pieces to be sent one after the other: kept messages of the items are not copied. A piece may
 * be written over when the next is asked for.
 * @param metadata message of the list's ListMeta. @param items messages as encodeMessage gives them.
 */
export function* encodeList(
  type: TypeMeta,
  metadata: Uint8Array,
  items: readonly Uint8Array[],
): Generator<Uint8Array, undefined> {
  let length = 1 + sizeOf(metadata.length) + metadata.length
  for (const item of items) length += 1 + sizeOf(item.length) + item.length
  yield written(writer => {
    writer.varint(length)
    writer.varint(0x12)
    writeHead(writer, type)
  })
  const room = new Uint8Array(16)
  yield header(room, 1, metadata.length)
  yield metadata
  for (const item of items) {
    yield header(room, 2, item.length)
    yield item
  }
  yield noContentType
}

/** One event of a watch: four bytes of length, then the event with the object's envelope inside. */
export const encodeWatchFrame = (type: string, envelope: Uint8Array): Buffer =>
  written(writer => {
    writer.slice(envelope)
    writer.varint(0x0a)
    writer.close(0)
    writer.varint(0x12)
    writer.text(type)
    writer.varint(0x0a)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(writer.written())
    writer.bytes(length)
  })

/** The event inside a frame, without its four bytes of length. @throws ProtobufError */
export function decodeWatchEvent(frame: Uint8Array): { readonly type: string; readonly object: Envelope } {
  const reader = new Reader(frame)
  let type = ''
  let object: Envelope | undefined
  reader.fields((number, wire) => {
    if (number === 1 && wire === 2) type = reader.text()
    else if (number === 2 && wire === 2)
      reader.message(() =>
        reader.fields((inner, innerWire) => {
          if (inner === 1 && innerWire === 2) object = readEnvelope(reader.slice())
          else reader.skip(innerWire)
        }),
      )
    else reader.skip(wire)
  })
  if (object === undefined) throw new ProtobufError('a watch event without an object')
  return { type, object }
}
