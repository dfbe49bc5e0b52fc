/** One watch: what it has seen so far, and whether it gets changes as they become durable or is still catching up. */
import type { GroupResource } from '#api/metadata.ts'
import type { Watcher } from './contract.ts'
import type { Change } from './entry.ts'

export type End = 'expired' | 'closed' | 'failed'

export class Watching {
  readonly resources: ReadonlySet<GroupResource>
  /** Everything up to here was delivered, or was not asked for. */
  seen: number
  live = false
  #stopped = false
  readonly #watcher: Watcher
  readonly #broken: (error: unknown) => void

  constructor(
    watcher: Watcher,
    of: { readonly resources: readonly GroupResource[]; readonly since: number },
    broken: (error: unknown) => void,
  ) {
    this.#watcher = watcher
    this.resources = new Set(of.resources)
    this.seen = of.since
    this.#broken = broken
  }

  /** It is content with the difference where events are lost. */
  get coalesces(): boolean {
    return this.live && this.#watcher.coalesce === true
  }

  get stopped(): boolean {
    return this.#stopped
  }

  stop(): void {
    this.#stopped = true
  }

  /** Hands over changes in revision order, all of resources it watches. False when the watcher threw and is to be dropped. */
  deliver(changes: readonly Change[]): boolean {
    const first = changes[0]
    const last = changes.at(-1)
    if (this.#stopped || first === undefined || last === undefined) return true
    const fresh = first.revision > this.seen ? changes : changes.filter(change => change.revision > this.seen)
    this.seen = Math.max(this.seen, last.revision)
    if (fresh.length === 0) return true
    try {
      this.#watcher.onEvents(fresh)
      return true
    } catch (error) {
      this.#broken(error)
      return false
    }
  }

  /** The old changes are delivered. */
  caughtUp(): void {
    this.live = true
    if (!this.#stopped) this.#watcher.onLive?.()
  }

  end(why: End): void {
    if (this.#stopped) return
    this.#stopped = true
    try {
      this.#watcher.onEnd(why)
    } catch (error) {
      this.#broken(error)
    }
  }
}
