/**
 * A bound for the bytes that lie beside kept objects: the oldest go first, and are made again when somebody asks.
 * Without it a server would hold every object twice.
 */
import type { Kept } from '#server/store/contract.ts'

const most = 192 * 1024 * 1024
/** Of what writes have made. */
const mostFresh = 16 * 1024 * 1024

interface Held {
  /** Not the object itself: that may go when something newer takes its place. */
  readonly encodings: Map<string, Uint8Array>
  readonly id: string
  readonly bytes: number
}

export class KeptEncodings {
  readonly #most: number
  #queue: Held[] = []
  #start = 0
  #bytes = 0
  /** Since the queue was last gone through for what is forgotten. */
  #refused = 0

  constructor(mostBytes: number) {
    this.#most = mostBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  keep({ encodings }: Pick<Kept, 'encodings'>, id: string, made: Uint8Array): void {
    encodings.set(id, made)
    this.#queue.push({ encodings, id, bytes: made.byteLength })
    this.#bytes += made.byteLength
    while (this.#bytes > this.#most) this.#drop()
  }

  #drop(): void {
    const oldest = this.#queue[this.#start++]
    if (oldest === undefined) return
    oldest.encodings.delete(oldest.id)
    this.#bytes -= oldest.bytes
    if (this.#start < 1024 || this.#start * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#start)
    this.#start = 0
  }

  /**
   * Objects that something newer is in the place of forget their bytes, and nobody tells. Going through all takes no longer
   * than refusing as many has taken. @returns whether there may be more room now
   */
  #swept(): boolean {
    if (++this.#refused < this.#queue.length - this.#start) return false
    this.#refused = 0
    const before = this.#bytes
    this.#queue = this.#queue.slice(this.#start).filter(({ encodings, id, bytes }) => {
      const stays = encodings.has(id)
      if (!stays) this.#bytes -= bytes
      return stays
    })
    this.#start = 0
    return this.#bytes < before
  }

  /** As keep, where nothing of the same name has to go for it. */
  keepIfRoom(kept: Pick<Kept, 'encodings'>, id: string, made: Uint8Array): void {
    while (this.#bytes + made.byteLength > this.#most) {
      const oldest = this.#queue[this.#start]
      if (oldest === undefined) return
      if (oldest.id !== id) this.#drop()
      else if (!this.#swept()) return
    }
    this.keep(kept, id, made)
  }
}

const all = new KeptEncodings(most)
const fresh = new KeptEncodings(mostFresh)

/** For bytes that a write has made: wanted by its answer and by watchers at once, and later perhaps never again. */
export const keepFresh = (kept: Kept, id: string, bytes: Uint8Array): void => fresh.keep(kept, id, bytes)

/** Lets bytes stay with what they encode for as long as there is room. */
export const keepEncoding = (kept: Kept, id: string, bytes: Uint8Array): void => all.keep(kept, id, bytes)

/**
 * For items of a list: one that is longer than there is room for would only push itself out, item by item. Those of other
 * kinds and encodings it may push out: else who came first would stay for ever.
 */
export const keepItem = (kept: Kept, id: string, bytes: Uint8Array): void => all.keepIfRoom(kept, id, bytes)
