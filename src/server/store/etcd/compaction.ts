/**
 * Every so often what is older than that is dropped: here from memory, and from etcd by one of the servers. They agree by a
 * record: who finds it as it was when this server last looked, a whole interval ago, writes it anew and compacts to what it said.
 */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { EtcdClient } from './client.ts'
import { putting, reading, unchanged } from './transaction.ts'
import { troubleOf, wordsOf } from './trouble.ts'

export interface CompactionParts {
  readonly client: EtcdClient
  readonly clock: Clock
  readonly log: Log
  readonly key: Uint8Array<ArrayBuffer>
  /** Milliseconds. */
  readonly every: number
  readonly revision: () => number
  /** Drops it from memory. */
  readonly forget: (revision: number) => void
}

interface Known {
  /** When the record was written; 0: there is none. */
  readonly at: number
  /** What it says was the newest revision then. */
  readonly noted: number
}

export class Compaction {
  readonly #parts: CompactionParts
  #known: Known = { at: 0, noted: 0 }
  #noted: number
  #cancel: () => void = () => undefined
  #stopped = false

  constructor(parts: CompactionParts) {
    this.#parts = parts
    this.#noted = parts.revision()
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #schedule(): void {
    const { clock, every, log } = this.#parts
    this.#cancel = clock.after(every, () => {
      if (this.#stopped) return
      const { forget, revision } = this.#parts
      forget(this.#noted)
      this.#noted = revision()
      this.#agree().catch((error: unknown) => log.warn('etcd was not compacted', { error: wordsOf(error) }))
      this.#schedule()
    })
  }

  async #agree(): Promise<void> {
    const { client, key } = this.#parts
    const { at, noted } = this.#known
    const value = Buffer.from(JSON.stringify({ noted: this.#noted }))
    const plan = { compare: [unchanged(key, at)], success: [putting(key, value)], failure: [reading(key)] }
    const noting = this.#noted
    const { succeeded, header, responses } = await client.ask((peer, options) => peer.kv.txn(plan, options))
    if (!succeeded) {
      const [first] = responses
      const kv = first?.response.case === 'responseRange' ? first.response.value.kvs[0] : undefined
      this.#known = kv === undefined ? { at: 0, noted: 0 } : { at: Number(kv.modRevision), noted: notedIn(kv.value) }
      return
    }
    this.#known = { at: Number(header?.revision ?? 0n), noted: noting }
    if (noted > 0) await compact(client, noted)
  }
}

function notedIn(value: Uint8Array): number {
  const parsed: unknown = JSON.parse(Buffer.from(value).toString())
  return typeof parsed === 'object' && parsed !== null && 'noted' in parsed ? Number(parsed.noted) : 0
}

/** Also good where somebody did it before. */
export async function compact(client: EtcdClient, revision: number): Promise<void> {
  try {
    await client.ask((peer, options) => peer.kv.compact({ revision: BigInt(revision) }, options))
  } catch (error) {
    if (troubleOf(error) !== 'compacted') throw error
  }
}
