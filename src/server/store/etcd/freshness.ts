/** Reads as new as the cluster: a quorum says how far it is, then this server's memory must get there. */
import { serviceUnavailable } from '#api/status.ts'
import type { Clock } from '#base/clock.ts'
import type { Durable } from '../durable.ts'
import type { EtcdClient } from './client.ts'
import type { Feed } from './feed.ts'
import { wordsOf } from './trouble.ts'

export interface FreshnessParts {
  readonly client: EtcdClient
  readonly durable: Durable
  readonly feed: Feed
  readonly clock: Clock
  /** Asked for in each quorum read; need not exist. */
  readonly asked: Uint8Array<ArrayBuffer>
  /** Written where the feed cannot be asked how far it is. */
  readonly tick: Uint8Array<ArrayBuffer>
}

/** Milliseconds. */
const patience = 5000
const firstWait = 20

export class Freshness {
  readonly #parts: FreshnessParts
  /** The quorum read under way. Who comes now needs the next one: this one may be over already. */
  #asking: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(parts: FreshnessParts) {
    this.#parts = parts
  }

  /** @throws StatusError where the cluster does not answer in time */
  fresh(): Promise<void> {
    return (this.#next ??= this.#round(this.#asking))
  }

  async #round(before: Promise<unknown>): Promise<void> {
    await before.catch(() => undefined)
    this.#next = undefined
    const asking = this.#quorum()
    this.#asking = asking
    await this.#reach(await asking)
  }

  async #quorum(): Promise<number> {
    const { client, clock, asked } = this.#parts
    try {
      const { header } = await client.insist(
        (peer, options) => peer.kv.range({ key: asked, keysOnly: true }, options),
        { clock, milliseconds: patience },
      )
      return Number(header?.revision ?? 0n)
    } catch (error) {
      throw serviceUnavailable(`etcd does not answer: ${wordsOf(error)}`)
    }
  }

  async #reach(revision: number): Promise<void> {
    const { durable, feed, clock } = this.#parts
    const end = clock.monotonic() + patience
    for (let wait = firstWait; durable.revision < revision; wait *= 2) {
      const asked = feed.ask()
      if (await durable.waiting.wait(revision, wait)) return
      if (durable.revision >= revision) return
      // Foreign writes raise the revision without an event for us; one of our own brings it.
      if (!asked) await this.#tick()
      if (clock.monotonic() > end)
        throw serviceUnavailable(`this server has seen revision ${durable.revision} of etcd, which is at ${revision}`)
    }
  }

  async #tick(): Promise<void> {
    const { client, tick } = this.#parts
    await client.ask((peer, options) => peer.kv.put({ key: tick }, options)).catch(() => undefined)
  }
}
