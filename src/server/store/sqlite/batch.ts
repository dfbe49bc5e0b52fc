/**
 * A batch on its way to the commit thread: eight numbers a write and all text in one buffer, so that any number of writes
 * crosses in one message without copying.
 */
import { divide, jsonText } from '../text.ts'
import type { Change } from '../entry.ts'
import type { Kept } from '../contract.ts'
import { rowOf } from './format.ts'
import type { RowHead } from './rows.ts'

const perWrite = 8
const smallest = 256 * 1024

/** Buffers that cross to the thread and come back empty. */
export interface Packed {
  readonly numbers: Float64Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
  /** How much of `bytes` is filled. */
  readonly used: number
  readonly count: number
}

/** Told of every object that is written, with its bytes as they are stored: views that end with the batch. */
export type OnBytes = (kept: Kept, bytes: { readonly managed: Buffer; readonly text: Buffer }) => void

/** Sets of buffers at rest: one is filled while the other crosses. Fresh ones would have to be zeroed each time. */
const mostSpares = 2

export class Packer {
  #numbers = new Float64Array(perWrite * 256)
  #bytes = Buffer.from(new ArrayBuffer(smallest))
  #used = 0
  #count = 0
  readonly #onBytes: OnBytes | undefined
  #spares: Pick<Packed, 'numbers' | 'bytes'>[] = []

  constructor(onBytes?: OnBytes) {
    this.#onBytes = onBytes
  }

  /** Adds a transaction and gives the bytes it took. Throws, and adds nothing, where an object cannot be written as JSON. */
  add(changes: readonly Change[]): number {
    const texts = changes.map(change => (change.type === 'put' ? jsonText(change.kept.object) : ''))
    const before = this.#used
    for (const [i, change] of changes.entries()) this.#write(change, texts[i] ?? '')
    return this.#used - before
  }

  /** Takes out what was added. */
  take(): Packed {
    const bytes = new Uint8Array(this.#bytes.buffer)
    const packed = { numbers: this.#numbers, bytes, used: this.#used, count: this.#count }
    const spare = this.#spares.pop()
    this.#numbers = spare?.numbers ?? new Float64Array(perWrite * 256)
    this.#bytes = Buffer.from(spare?.bytes.buffer ?? new ArrayBuffer(smallest))
    this.clear()
    return packed
  }

  clear(): void {
    this.#used = 0
    this.#count = 0
  }

  /** Keeps buffers that came back, unless an unusual batch has made them large. */
  reuse({ numbers, bytes }: Packed): void {
    if (this.#spares.length < mostSpares && bytes.length <= 16 * smallest) this.#spares.push({ numbers, bytes })
  }

  #write({ type, kept, previous }: Change, text: string): void {
    const path = `${kept.resource}\0${kept.key}`
    const managed = type === 'put' ? kept.managed : ''
    this.#reserve(3 * (path.length + managed.length + text.length) + 1)
    const pathBytes = this.#bytes.write(path, this.#used)
    const valueBytes = type === 'put' ? this.#writeValue(kept, { managed, text, at: this.#used + pathBytes }) : 0
    this.#used += pathBytes + valueBytes
    const at = this.#count++ * perWrite
    const numbers = this.#numbers
    numbers[at] = rowOf(kept.revision, kept.place)
    numbers[at + 1] = previous === undefined ? 0 : rowOf(previous.revision, previous.place)
    numbers[at + 2] = kept.version
    numbers[at + 3] = kept.expires
    numbers[at + 4] = type === 'put' ? 1 : 0
    numbers[at + 5] = pathBytes
    numbers[at + 6] = valueBytes
  }

  /** As text.ts says, without ever joining the parts as strings. */
  #writeValue(kept: Kept, { managed, text, at }: { managed: string; text: string; at: number }): number {
    const bytes = this.#bytes
    const middle = at + bytes.write(managed, at)
    bytes[middle] = divide
    const end = middle + 1 + bytes.write(text, middle + 1)
    this.#onBytes?.(kept, { managed: bytes.subarray(at, middle), text: bytes.subarray(middle + 1, end) })
    return end - at
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes > this.#bytes.length) {
      const larger = Buffer.from(new ArrayBuffer(Math.max(this.#used + bytes, this.#bytes.length * 2)))
      this.#bytes.copy(larger, 0, 0, this.#used)
      this.#bytes = larger
    }
    if ((this.#count + 1) * perWrite <= this.#numbers.length) return
    const more = new Float64Array(this.#numbers.length * 2)
    more.set(this.#numbers)
    this.#numbers = more
  }
}

export interface PackedWrite extends RowHead {
  readonly type: 'put' | 'delete'
  /** As the packer wrote it; a view that ends with the batch. */
  readonly value: Uint8Array
}

export function* unpack({ numbers, bytes, count }: Packed): IterableIterator<PackedWrite> {
  const buffer = Buffer.from(bytes.buffer)
  let used = 0
  for (let at = 0; at < count * perWrite; at += perWrite) {
    const [id = 0, previous = 0, version = 0, expires = 0, put = 0, pathBytes = 0, valueBytes = 0] = numbers.subarray(
      at,
      at + perWrite,
    )
    const path = buffer.toString('utf8', used, used + pathBytes)
    const end = path.indexOf('\0')
    used += pathBytes + valueBytes
    const value = bytes.subarray(used - valueBytes, used)
    const [resource, key] = [path.slice(0, end), path.slice(end + 1)]
    yield { type: put === 1 ? 'put' : 'delete', id, resource, key, version, previous, expires, value }
  }
}
