/** Pods that wait to be placed: ready ones by priority, refused ones until something changes that could help. */
import type { Clock } from '#base/clock.ts'
import type { Plugin, Wake } from './plugin.ts'
import type { PodInfo } from './snapshot.ts'

export interface Entry {
  info: PodInfo
  attempts: number
  /** When it came to wait here, on the clock's monotonic time: earlier goes first. */
  readonly since: number
  /** When it was last tried. */
  tried: number
  state: 'active' | 'tried' | 'waiting' | 'backing off' | 'gated'
  /** Plugins that refused it; empty: an error, any change may help. */
  refusedBy: ReadonlySet<string>
  /** Place in the heap while active. */
  index: number
}

const firstBackoff = 1000
const longestBackoff = 10_000
/** Nothing waits longer for a change that nobody foresaw. */
const longestWait = 300_000

const isGated = ({ pod }: PodInfo): boolean => (pod.spec.schedulingGates?.length ?? 0) > 0

const before = (a: Entry, b: Entry): boolean =>
  a.info.priority !== b.info.priority ? a.info.priority > b.info.priority : a.since < b.since

/** A binary heap that knows where each entry is. */
class Heap {
  readonly #items: Entry[] = []
  get size(): number {
    return this.#items.length
  }
  push(entry: Entry): void {
    this.#put(entry, this.#items.length)
    this.#up(entry)
  }
  pop(): Entry | undefined {
    const [first] = this.#items
    if (first !== undefined) this.remove(first)
    return first
  }
  remove(entry: Entry): void {
    if (this.#items[entry.index] !== entry) return
    const last = this.#items.pop()
    if (last === undefined || last === entry) return
    this.#put(last, entry.index)
    this.#up(last)
    this.#down(last)
  }
  #put(entry: Entry, index: number): void {
    this.#items[index] = entry
    entry.index = index
  }
  #swap(a: Entry, b: Entry): void {
    const index = a.index
    this.#put(a, b.index)
    this.#put(b, index)
  }
  #up(entry: Entry): void {
    while (entry.index > 0) {
      const parent = this.#items[(entry.index - 1) >> 1]
      if (parent === undefined || !before(entry, parent)) return
      this.#swap(entry, parent)
    }
  }
  #down(entry: Entry): void {
    for (;;) {
      const left = this.#items[2 * entry.index + 1]
      const right = this.#items[2 * entry.index + 2]
      const child = right !== undefined && left !== undefined && before(right, left) ? right : left
      if (child === undefined || !before(child, entry)) return
      this.#swap(entry, child)
    }
  }
}

export class SchedulingQueue {
  readonly #clock: Clock
  readonly #onReady: () => void
  readonly #active = new Heap()
  readonly #all = new Map<string, Entry>()
  readonly #timers = new Map<string, () => void>()
  readonly #wakes: ReadonlyMap<string, readonly Wake[]>
  #order = 0

  constructor(clock: Clock, plugins: readonly Plugin[], onReady: () => void) {
    this.#clock = clock
    this.#onReady = onReady
    this.#wakes = new Map(plugins.map(plugin => [plugin.name, plugin.wakes]))
  }

  counts(): Readonly<Record<'active' | 'waiting' | 'all', number>> {
    return { active: this.#active.size, all: this.#all.size, waiting: this.#all.size - this.#active.size }
  }

  /** A new pod, or one whose spec or labels changed: it is tried anew. */
  put(info: PodInfo): void {
    const known = this.#all.get(info.key)
    if (known !== undefined && known.info.pod.metadata.uid === info.pod.metadata.uid) {
      known.info = info
      if (known.state === 'tried') return
      if (isGated(info)) this.#to(known, 'gated')
      else if (known.state === 'gated') this.#activate(known)
      else if (known.state === 'waiting') this.#ready(known)
      return
    }
    this.remove(info.key)
    const since = this.#order++
    const state = isGated(info) ? 'gated' : 'active'
    const entry: Entry = { info, attempts: 0, since, tried: 0, state, refusedBy: new Set(), index: -1 }
    this.#all.set(info.key, entry)
    if (state === 'active') this.#activate(entry)
  }

  /** Only what is shown of it changed. */
  refresh(info: PodInfo): void {
    const entry = this.#all.get(info.key)
    if (entry !== undefined) entry.info = info
  }

  remove(key: string): void {
    const entry = this.#all.get(key)
    if (entry === undefined) return
    this.#leave(entry)
    this.#all.delete(key)
  }

  pop(): Entry | undefined {
    const entry = this.#active.pop()
    if (entry === undefined) return undefined
    entry.state = 'tried'
    entry.attempts++
    entry.tried = this.#clock.monotonic()
    return entry
  }

  /** Back after a refusal, until a change that one of these plugins names; none: after its back-off. */
  park(entry: Entry, refusedBy: ReadonlySet<string>): void {
    if (this.#all.get(entry.info.key) !== entry) return
    entry.refusedBy = refusedBy
    if (refusedBy.size === 0) return this.#ready(entry)
    this.#to(entry, 'waiting')
    this.#timer(entry, longestWait)
  }

  /** Brings back those that one of these changes might help. */
  wake(changes: ReadonlySet<Wake>): void {
    for (const entry of this.#all.values()) {
      if (entry.state !== 'waiting') continue
      const helps = [...entry.refusedBy].some(name => this.#wakes.get(name)?.some(wake => changes.has(wake)) === true)
      if (helps) this.#ready(entry)
    }
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#all.clear()
  }

  /** Active once its back-off is over. */
  #ready(entry: Entry): void {
    const backoff = Math.min(longestBackoff, firstBackoff * 2 ** Math.min(10, entry.attempts - 1))
    const left = entry.tried + backoff - this.#clock.monotonic()
    if (left <= 0) return this.#activate(entry)
    this.#to(entry, 'backing off')
    this.#timer(entry, left)
  }

  #activate(entry: Entry): void {
    this.#to(entry, 'active')
    this.#active.push(entry)
    this.#onReady()
  }

  #to(entry: Entry, state: Entry['state']): void {
    this.#leave(entry)
    entry.state = state
  }

  #timer(entry: Entry, milliseconds: number): void {
    const cancel = this.#clock.after(milliseconds, () => {
      this.#timers.delete(entry.info.key)
      this.#activate(entry)
    })
    this.#timers.set(entry.info.key, cancel)
  }

  #leave(entry: Entry): void {
    this.#active.remove(entry)
    this.#timers.get(entry.info.key)?.()
    this.#timers.delete(entry.info.key)
  }
}
