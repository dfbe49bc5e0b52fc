/**
 * Writes the protobuf wire format from the end to the front, so that a message's length is known when its header is
 * written and nothing is measured twice.
 */

const ascii = 0x80
const shortText = 64
/** Room that a writer keeps between messages. */
const mostKept = 1 << 20

export class Writer {
  #bytes: Buffer
  /** First byte written; everything from here on is. */
  at: number

  constructor(size = 4096) {
    this.#bytes = Buffer.allocUnsafeSlow(size)
    this.at = size
  }

  #room(length: number): void {
    if (this.at >= length) return
    const written = this.#bytes.length - this.at
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, written + length * 2))
    const at = larger.length - written
    this.#bytes.copy(larger, at, this.at)
    this.#bytes = larger
    this.at = at
  }

  /** A non-negative safe integer. */
  varint(value: number): void {
    this.#room(10)
    if (value < ascii) {
      this.#bytes[--this.at] = value
      return
    }
    let size = 1
    for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) size++
    this.at -= size
    let rest = value
    for (let index = 0; index < size - 1; index++) {
      this.#bytes[this.at + index] = (rest % 128) | ascii
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.at + size - 1] = rest
  }

  integer(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) {
      this.varint(value)
      return
    }
    this.#room(10)
    const parts: number[] = []
    for (let rest = BigInt.asUintN(64, BigInt(value)); rest > 0n; rest >>= 7n) parts.push(Number(rest & 0x7fn))
    this.at -= parts.length
    parts.forEach((part, index) => {
      this.#bytes[this.at + index] = index === parts.length - 1 ? part : part | ascii
    })
  }

  double(value: number): void {
    this.#room(8)
    this.at -= 8
    this.#bytes.writeDoubleLE(value, this.at)
  }

  /** Bytes as they are. */
  bytes(value: Uint8Array): void {
    this.#room(value.length)
    this.at -= value.length
    this.#bytes.set(value, this.at)
  }

  /** Bytes with their length before them. */
  slice(value: Uint8Array): void {
    this.bytes(value)
    this.varint(value.length)
  }

  text(value: string): void {
    const length = value.length <= shortText && this.#ascii(value) ? value.length : this.#utf8(value)
    this.varint(length)
  }

  /** Writes short ASCII text; false when it is none, and nothing is written. */
  #ascii(value: string): boolean {
    this.#room(value.length)
    const start = this.at - value.length
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index)
      if (code >= ascii) return false
      this.#bytes[start + index] = code
    }
    this.at = start
    return true
  }

  #utf8(value: string): number {
    const length = Buffer.byteLength(value)
    this.#room(length)
    this.at -= length
    this.#bytes.write(value, this.at)
    return length
  }

  /** Puts the length before everything written since `from`, a former value of `written()`. */
  close(from: number): void {
    this.varint(this.written() - from)
  }

  written(): number {
    return this.#bytes.length - this.at
  }

  /** A copy of what was written; the writer is empty again. */
  take(): Buffer {
    const length = this.written()
    const taken = Buffer.allocUnsafeSlow(length)
    this.#bytes.copy(taken, 0, this.at)
    if (this.#bytes.length > mostKept) this.#bytes = Buffer.allocUnsafeSlow(mostKept)
    this.at = this.#bytes.length
    return taken
  }

  /** Forgets what was written, after a failure. */
  clear(): void {
    this.at = this.#bytes.length
  }
}
