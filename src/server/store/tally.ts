/**
 * How often values were sealed and opened, of which resource and with what. Several threads do so, the busiest while a write
 * is waited for: each counts in memory of its own that the main one sees, which costs an addition and sends nobody anything.
 */

/** Each part of the memory is written by one thread alone. */
const threads = ['main', 'commit', 'history'] as const
export type Thread = (typeof threads)[number]

const directions = ['to_storage', 'from_storage'] as const

/** What is counted. */
export interface Counted {
  readonly resource: string
  /** What values begin with; undefined for what is not known. */
  readonly prefix: string | undefined
  /** Of a plugin: the id of its key. */
  readonly keyId?: string | undefined
}

/** Things that a thread tells apart; what comes beyond is not counted. Memory that nothing is written to costs nothing. */
const most = 1000
/** Cells of one direction: done, failed, and when it was done last. */
const perDirection = 3
const cellBytes = directions.length * perDirection * Float64Array.BYTES_PER_ELEMENT
/** What is counted, as JSON after its length. */
const nameBytes = 464
const entryBytes = cellBytes + nameBytes
const headBytes = 16
const threadBytes = headBytes + most * entryBytes

/** Plain data: it crosses to the threads. */
export type TallyMemory = SharedArrayBuffer

interface Entry {
  readonly cells: Float64Array
  /** Of plugins it is asked when each of their keys was used last. */
  readonly timed: boolean
}

const startOf = (thread: number, at: number): number => thread * threadBytes + headBytes + at * entryBytes
const cellsAt = (memory: TallyMemory, start: number): Float64Array =>
  new Float64Array(memory, start, directions.length * perDirection)

/** How many entries a thread has. */
const sizeOf = (memory: TallyMemory, thread: number): Int32Array => new Int32Array(memory, thread * threadBytes, 1)

function nameAt(memory: TallyMemory, start: number): Counted {
  const bytes = Buffer.from(memory, start + cellBytes, nameBytes)
  const [resource, prefix, keyId]: readonly (string | undefined)[] = JSON.parse(
    bytes.toString('utf8', 2, 2 + bytes.readUInt16LE()),
  )
  return { resource: resource ?? '', prefix: prefix ?? undefined, keyId: keyId ?? undefined }
}

/** One thread's end of it. */
export class Tally {
  readonly #memory: TallyMemory
  readonly #thread: number
  readonly #size: Int32Array
  /** By what values begin with and the key's id, then by resource. */
  readonly #entries = new Map<string, Map<string, Entry | undefined>>()

  constructor(memory: TallyMemory, thread: Thread) {
    this.#memory = memory
    this.#thread = threads.indexOf(thread)
    this.#size = sizeOf(memory, this.#thread)
    const size = Atomics.load(this.#size, 0)
    for (let at = 0; at < size; at++) this.#know(nameAt(memory, startOf(this.#thread, at)), at)
  }

  sealed(what: Counted): void {
    this.#add(what, 0)
  }

  opened(what: Counted, done: boolean): void {
    this.#add(what, done ? perDirection : perDirection + 1)
  }

  #add(what: Counted, cell: number): void {
    const entry = this.#entries.get(kindOf(what))?.get(what.resource) ?? this.#make(what)
    if (entry === undefined) return
    entry.cells[cell] = (entry.cells[cell] ?? 0) + 1
    if (entry.timed) entry.cells[cell - (cell % perDirection) + 2] = Date.now()
  }

  /** @returns undefined where there is no room */
  #make(what: Counted): Entry | undefined {
    const at = Atomics.load(this.#size, 0)
    if (at === most) return undefined
    const name = Buffer.from(JSON.stringify([what.resource, what.prefix ?? null, what.keyId ?? null]))
    if (name.length + 2 > nameBytes) return undefined
    const bytes = Buffer.from(this.#memory, startOf(this.#thread, at) + cellBytes, nameBytes)
    bytes.writeUInt16LE(name.length)
    name.copy(bytes, 2)
    // Whoever reads sees it whole, or not yet.
    Atomics.store(this.#size, 0, at + 1)
    return this.#know(what, at)
  }

  #know(what: Counted, at: number): Entry {
    const entry = { cells: cellsAt(this.#memory, startOf(this.#thread, at)), timed: what.keyId !== undefined }
    const kind = kindOf(what)
    const of = this.#entries.get(kind) ?? new Map<string, Entry | undefined>()
    this.#entries.set(kind, of.set(what.resource, entry))
    return entry
  }
}

const kindOf = ({ prefix = '', keyId }: Counted): string => (keyId === undefined ? prefix : `${prefix}\0${keyId}`)

export interface Total extends Counted {
  readonly direction: (typeof directions)[number]
  readonly done: number
  readonly failed: number
  /** Milliseconds since the epoch; 0: never, or of no plugin. */
  readonly last: number
}

export const makeTallyMemory = (): TallyMemory => new SharedArrayBuffer(threads.length * threadBytes)

/** What all threads counted; the same thing may come several times. */
export function* totals(memory: TallyMemory): Generator<Total> {
  for (const thread of threads.keys()) {
    const size = Atomics.load(sizeOf(memory, thread), 0)
    for (let at = 0; at < size; at++) {
      const start = startOf(thread, at)
      const [cells, what] = [cellsAt(memory, start), nameAt(memory, start)]
      for (const [way, direction] of directions.entries()) {
        const [done = 0, failed = 0, last = 0] = cells.subarray(way * perDirection, (way + 1) * perDirection)
        if (done + failed > 0) yield { ...what, direction, done, failed, last }
      }
    }
  }
}
