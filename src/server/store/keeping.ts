/** The store's own clockwork: keys whose time is over go, and history older than the kept window is compacted. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { Agenda } from './agenda.ts'
import type { CommitResult, Operation } from './contract.ts'
import type { Change, Entry } from './entry.ts'

export interface KeepingOptions {
  readonly clock: Clock
  readonly log: Log
  readonly compactEvery: number
  readonly revision: () => number
  readonly current: (resource: string, key: string) => Entry | undefined
  readonly commit: (operations: readonly Operation[]) => Promise<CommitResult>
  readonly compact: (revision: number) => Promise<void>
}

const atOnce = 64
const longestSleep = 3_600_000
const pauseAfterFailure = 5000

export class Keeping {
  readonly #options: KeepingOptions
  readonly #expiring = new Agenda<Entry>()
  #cancelExpiry: () => void = () => undefined
  #wakes = Infinity
  #working = false
  #cancelCompaction: () => void
  #stopped = false

  constructor(options: KeepingOptions) {
    this.#options = options
    this.#cancelCompaction = this.#compactLater(options.revision())
  }

  /** Looks at what became durable. */
  durable(changes: readonly Change[]): void {
    for (const { type, kept } of changes) if (type === 'put') this.add(kept)
  }

  add(entry: Entry): void {
    if (entry.expires === 0) return
    this.#expiring.add(entry.expires, entry)
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelExpiry()
    this.#cancelCompaction()
  }

  #schedule(): void {
    const first = this.#expiring.first()
    if (first === undefined || this.#working || this.#stopped || first >= this.#wakes) return
    this.#cancelExpiry()
    this.#wakes = first
    const wait = Math.min(longestSleep, Math.max(0, first - this.#options.clock.now()))
    this.#cancelExpiry = this.#options.clock.after(wait, () => {
      this.#wakes = Infinity
      void this.#expire()
    })
  }

  /** A few at a time, so that a start after a long pause does not flood the disk. */
  async #expire(): Promise<void> {
    const { clock, log, commit, current } = this.#options
    if (this.#working) return
    this.#working = true
    try {
      for (;;) {
        const due = this.#expiring.take(clock.now(), atOnce)
        const live = due.filter(entry => current(entry.resource, entry.key) === entry)
        if (due.length === 0 || this.#stopped) break
        const results = await Promise.all(
          live.map(({ resource, key, revision }) => commit([{ type: 'delete', resource, key, expect: revision }])),
        )
        for (const [i, entry] of live.entries()) {
          const result = results[i]
          if (result?.ok === false && (result.reason === 'full' || result.reason === 'failed'))
            this.#expiring.add(clock.now() + pauseAfterFailure, entry)
        }
      }
    } catch (error) {
      log.error('keys past their time could not be removed', { error: String(error) })
    } finally {
      this.#working = false
      this.#schedule()
    }
  }

  /** Every time, what was the newest revision the time before. */
  #compactLater(revision: number): () => void {
    const { clock, log, compactEvery, compact } = this.#options
    return clock.after(compactEvery, () => {
      if (this.#stopped) return
      compact(revision).catch((error: unknown) => log.warn('history was not compacted', { error: String(error) }))
      this.#cancelCompaction = this.#compactLater(this.#options.revision())
    })
  }
}
