/** Reads the protobuf wire format. Every length is checked against the bytes that are there. */
import { ProtobufError } from '../errors.ts'

const ascii = 0x80
/** Messages inside each other; only JSON schemas can contain themselves. */
const deepest = 200
/** Shorter texts are built here; for longer ones the call into the runtime pays off. */
const shortText = 16

export class Reader {
  readonly bytes: Buffer
  at: number
  end: number
  #depth = 0

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = 0
    this.end = bytes.byteLength
  }

  /** Any varint as an unsigned number; beyond 2^53 only its magnitude is right. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      if (this.at >= this.end) throw new ProtobufError('unexpected EOF')
      const byte = this.bytes[this.at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < ascii) return value
      scale *= 128
    }
    throw new ProtobufError('integer overflow')
  }

  int32(): number {
    const start = this.at
    const value = this.varint()
    return value <= 0x7fff_ffff ? value : Number(BigInt.asIntN(32, this.#exact(start)))
  }

  int64(): number | bigint {
    const start = this.at
    const value = this.varint()
    if (value <= Number.MAX_SAFE_INTEGER) return value
    const exact = BigInt.asIntN(64, this.#exact(start))
    const number = Number(exact)
    return Number.isSafeInteger(number) ? number : exact
  }

  /** The varint that was just read, bit by bit. */
  #exact(start: number): bigint {
    let value = 0n
    for (let at = this.at - 1; at >= start; at--) value = (value << 7n) | BigInt((this.bytes[at] ?? 0) & 0x7f)
    return value
  }

  double(): number {
    this.#need(8)
    const value = this.bytes.readDoubleLE(this.at)
    this.at += 8
    return value
  }

  #need(length: number): void {
    if (length > this.end - this.at) throw new ProtobufError('unexpected EOF')
  }

  /** Where the length-delimited value that begins here ends. */
  limit(): number {
    const length = this.varint()
    this.#need(length)
    return this.at + length
  }

  /** Length-delimited bytes, not copied. */
  slice(): Buffer {
    const end = this.limit()
    const found = this.bytes.subarray(this.at, end)
    this.at = end
    return found
  }

  text(): string {
    const start = this.at
    const end = this.limit()
    const from = this.at
    this.at = end
    if (end - from > shortText) return this.bytes.toString('utf8', from, end)
    let text = ''
    for (let at = from; at < end; at++) {
      const byte = this.bytes[at] ?? 0
      if (byte >= ascii) return this.bytes.toString('utf8', from, end)
      text += String.fromCharCode(byte)
    }
    return start === end ? '' : text
  }

  skip(wire: number): void {
    if (wire === 0) this.varint()
    else if (wire === 2) this.at = this.limit()
    else if (wire === 1 || wire === 5) {
      const length = wire === 1 ? 8 : 4
      this.#need(length)
      this.at += length
    } else throw new ProtobufError(`illegal wireType ${wire}`)
  }

  /** Calls for every field until the end; what is called must read its value or skip it. */
  fields(onField: (number: number, wire: number) => void): void {
    while (this.at < this.end) {
      const tag = this.varint()
      if (tag >= 2 ** 32 || tag < 8) throw new ProtobufError(`illegal tag ${tag}`)
      onField(tag >>> 3, tag & 7)
    }
  }

  /** Goes into a length-delimited message: from now on the end is the message's. @returns what `leave` needs. */
  enter(): number {
    if (++this.#depth > deepest) throw new ProtobufError('exceeded max depth')
    const outer = this.end
    this.end = this.limit()
    return outer
  }

  leave(outer: number): void {
    this.#depth--
    this.end = outer
  }

  /** Reads a length-delimited message with `read`. */
  message<T>(read: () => T): T {
    const outer = this.enter()
    const value = read()
    this.leave(outer)
    return value
  }
}
