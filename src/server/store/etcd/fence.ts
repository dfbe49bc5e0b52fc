/**
 * What makes an unknown outcome known. Every transaction of this server compares a key that is its own; after that key was
 * written, none of the transactions sent before can happen any more, so what has not shown in the feed by then never will.
 */
import type { Clock } from '#base/clock.ts'
import { backOff, type EtcdClient } from './client.ts'
import type { Leases } from './leases.ts'
import { troubleOf } from './trouble.ts'

/** Seconds after which the key of a server that is gone goes as well; no request lives a hundredth of it. */
const lifetime = 600

export interface FenceParts {
  readonly client: EtcdClient
  readonly clock: Clock
  readonly leases: Leases
  readonly key: Uint8Array<ArrayBuffer>
  /** The store closes: nothing is waited for any more. */
  readonly signal: AbortSignal
}

export class Fence {
  readonly #parts: FenceParts
  #revision = 0
  #raising: Promise<number> | undefined

  constructor(parts: FenceParts) {
    this.#parts = parts
  }

  get key(): Uint8Array<ArrayBuffer> {
    return this.#parts.key
  }

  /** When the key was last written, as far as the feed has told; 0: it is not there. */
  get revision(): number {
    return this.#revision
  }

  /** The feed brought a change of the key. */
  moved(revision: number): void {
    this.#revision = revision
  }

  /** Writes the key, once for all who ask meanwhile. @returns its revision @throws when the time is over */
  raise(end: number): Promise<number> {
    return (this.#raising ??= this.#raise(end).finally(() => (this.#raising = undefined)))
  }

  async #raise(end: number): Promise<number> {
    const { client, clock, leases, key, signal } = this.#parts
    for (let tries = 0; ; tries++)
      try {
        const lease = await leases.id(lifetime)
        const { header } = await client.ask((peer, options) =>
          peer.kv.put({ key, value: new Uint8Array(), lease }, options),
        )
        return Number(header?.revision ?? 0n)
      } catch (error) {
        const trouble = troubleOf(error)
        if (trouble === 'lease') leases.forget()
        else if (trouble !== 'unreachable' || clock.monotonic() > end || signal.aborted) throw error
        await backOff(clock, tries, signal)
      }
  }
}
