/**
 * The queues of one priority level. A flow is dealt a hand of queues by its hash and waits in the least loaded of them, so
 * that a heavy flow fills few queues and the others find room; queues take turns by the service they have had.
 */
export interface QueueLimits {
  readonly queues: number
  readonly handSize: number
  /** Requests that may wait in one queue. */
  readonly lengthLimit: number
}

export interface Waiting<T> {
  readonly item: T
  /** Seats that it will take. */
  readonly width: number
  readonly queue: number
}

interface Queue<T> {
  waiting: Waiting<T>[]
  /** Seats of those that run. */
  running: number
  /** Seat-seconds that it has had, in the level's virtual time. */
  served: number
}

const offset = 0xcbf29ce484222325n
const prime = 0x100000001b3n
const mask = (1n << 64n) - 1n

/** FNV-1a, 64 bits. */
export function hashOf(text: string): bigint {
  let hash = offset
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * prime) & mask
  // The low bits decide first: the high ones are mixed in.
  return hash ^ (hash >> 29n)
}

/** Different queues for a hash, as many as the hand holds: a draw from a deck without putting back. */
export function deal(hash: bigint, { queues, handSize }: QueueLimits): readonly number[] {
  const drawn: number[] = []
  let rest = hash
  for (let card = 0; card < Math.min(handSize, queues); card++) {
    const left = BigInt(queues - card)
    let pick = Number(rest % left)
    rest /= left
    // Skips what is drawn already.
    for (const earlier of drawn.toSorted((a, b) => a - b)) if (pick >= earlier) pick++
    drawn.push(pick)
  }
  return drawn
}

export class Queues<T> {
  readonly #limits: QueueLimits
  readonly #queues = new Map<number, Queue<T>>()
  #virtual = 0
  #waiting = 0
  /** Seconds that a request holds its seats, on average of late. */
  #usual = 0.003

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get waiting(): number {
    return this.#waiting
  }

  /** @returns undefined where there is no room for it. */
  add(flow: string, item: T, width: number): Waiting<T> | undefined {
    const queue = this.#choose(flow)
    const { waiting } = this.#at(queue)
    if (waiting.length >= this.#limits.lengthLimit) return undefined
    const added = { item, width, queue }
    waiting.push(added)
    this.#waiting++
    return added
  }

  /** A request that need not wait still counts for its flow. @returns the queue that `leave` wants */
  enter(flow: string, width: number): number {
    const queue = this.#choose(flow)
    this.#begin(this.#at(queue), width)
    return queue
  }

  /** Whose turn it is; it stays in its queue. */
  next(): Waiting<T> | undefined {
    let best: Queue<T> | undefined
    for (const queue of this.#queues.values())
      if (queue.waiting.length > 0 && (best === undefined || queue.served < best.served)) best = queue
    return best?.waiting[0]
  }

  /** Takes out what `next` has named. */
  take(waiting: Waiting<T>): void {
    if (!this.remove(waiting)) return
    const queue = this.#at(waiting.queue)
    this.#virtual = Math.max(this.#virtual, queue.served)
    this.#begin(queue, waiting.width)
  }

  /** @returns whether it was still waiting. */
  remove(waiting: Waiting<T>): boolean {
    const queue = this.#queues.get(waiting.queue)
    const at = queue?.waiting.indexOf(waiting) ?? -1
    if (queue === undefined || at < 0) return false
    queue.waiting.splice(at, 1)
    this.#waiting--
    this.#drop(waiting.queue, queue)
    return true
  }

  /** @param seconds how long the seats were taken */
  leave(at: number, width: number, seconds: number): void {
    const queue = this.#at(at)
    queue.running -= width
    queue.served += width * (seconds - this.#usual)
    this.#usual += (seconds - this.#usual) / 64
    this.#drop(at, queue)
  }

  #begin(queue: Queue<T>, width: number): void {
    queue.running += width
    queue.served += width * this.#usual
  }

  #choose(flow: string): number {
    const hand = deal(hashOf(flow), this.#limits)
    const load = (at: number): number => {
      const queue = this.#queues.get(at)
      return queue === undefined ? 0 : queue.running + queue.waiting.length
    }
    return hand.reduce((best, at) => (load(at) < load(best) ? at : best), hand[0] ?? 0)
  }

  /** One that comes back begins where the others are: it has saved nothing up. */
  #at(at: number): Queue<T> {
    let queue = this.#queues.get(at)
    if (queue === undefined) this.#queues.set(at, (queue = { waiting: [], running: 0, served: this.#virtual }))
    return queue
  }

  #drop(at: number, { waiting, running }: Queue<T>): void {
    if (waiting.length === 0 && running <= 0) this.#queues.delete(at)
  }
}
