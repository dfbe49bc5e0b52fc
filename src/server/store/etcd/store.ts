/** The store over etcd: memory that follows a watch, writes that the cluster decides. */
import type { GroupResource, KObject } from '#api/metadata.ts'
import { serviceUnavailable } from '#api/status.ts'
import { silentLog, type Log } from '#base/log.ts'
import type { CommitResult, Operation, Snapshot, Store, Watcher } from '../contract.ts'
import { refusal, fiveMinutes, type CoreOptions } from '../core.ts'
import { Durable, type Loaded } from '../durable.ts'
import type { Failure } from '../journal.ts'
import type { EtcdClient } from './client.ts'
import type { StoreEncryption } from '../changing.ts'
import type { SeedsAhead } from './seeds.ts'
import type { EtcdVault } from './vault.ts'
import type { Event as EtcdEvent } from './rpc.gen.ts'
import type { Anchor } from './anchor.ts'
import { Compaction, compact } from './compaction.ts'
import type { Opening } from './entries.ts'
import { Feed } from './feed.ts'
import { Fence } from './fence.ts'
import { formatIn, joined, names, newer, recorded, steps } from './format.ts'
import { Freshness } from './freshness.ts'
import { EtcdHistory } from './history.ts'
import { Leases } from './leases.ts'
import { load } from './load.ts'
import type { Paths } from './paths.ts'
import type { KeyValue } from './rpc.gen.ts'
import { Taking } from './taking.ts'
import { Writing } from './writing.ts'

export interface EtcdParts {
  readonly options: CoreOptions
  readonly client: EtcdClient
  readonly paths: Paths
  readonly vault: EtcdVault
  readonly loaded: Loaded
  /** Unique among all servers that ever were. */
  readonly id: string
  readonly gate: () => Promise<Failure | undefined>
  /** Told once why this store is of no use any more; one that is opened anew may be. */
  readonly ahead: SeedsAhead
  readonly onBroken?: ((why: string) => void) | undefined
}

const defaultQueueBytes = 64 * 1024 * 1024
const defaultWindow = { changes: 10_000, bytes: 16 * 1024 * 1024 }
/** Milliseconds that accepted writes have to be settled when the store closes. */
const closing = 5000

const valuesOf = (events: readonly EtcdEvent[]): readonly Uint8Array[] =>
  events.flatMap(({ kv, prevKv }) => [kv, prevKv].flatMap(one => (one === undefined ? [] : [one.value])))

export class EtcdStore implements Store {
  readonly #parts: EtcdParts
  readonly #log: Log
  readonly #opening: Opening
  readonly #durable: Durable
  readonly #fence: Fence
  readonly #writing: Writing
  readonly #feed: Feed
  readonly #freshness: Freshness
  readonly #compaction: Compaction
  readonly #giveUp = new AbortController()
  #anchor: Anchor | undefined
  #encryption: StoreEncryption | undefined
  #broken: string | undefined
  #closed: Promise<void> | undefined

  constructor(parts: EtcdParts) {
    const { options, client, paths, vault, loaded, id } = parts
    const { clock, log = silentLog, freeze: frozen = false, window = defaultWindow } = options
    this.#parts = parts
    this.#log = log
    const opening = { vault, reading: { decode: options.decode, frozen } }
    this.#opening = opening
    const history = new EtcdHistory({
      client,
      paths,
      opening,
      log,
      before: events => parts.ahead.missing(valuesOf(events)),
    })
    const durable = new Durable({ loaded, history, window, clock, log })
    this.#durable = durable
    const leases = new Leases(client, clock)
    const { signal } = this.#giveUp
    this.#fence = new Fence({ client, clock, leases, key: paths.ours(names.fences + id), signal })
    this.#writing = this.#makeWriting(leases)
    this.#feed = this.#makeFeed()
    const [asked, tick] = [paths.ours(names.format), paths.ours(names.tick)]
    this.#freshness = new Freshness({ client, durable, feed: this.#feed, clock, asked, tick })
    this.#compaction = new Compaction({
      client,
      clock,
      log,
      key: paths.ours(names.compaction),
      every: options.compactEvery ?? fiveMinutes,
      revision: () => durable.revision,
      forget: revision => void durable.compact(revision),
    })
    this.#feed.start()
  }

  #makeWriting(leases: Leases): Writing {
    const { options, client, paths, vault, id, gate } = this.#parts
    return new Writing({
      client,
      paths,
      durable: this.#durable,
      vault,
      leases,
      fence: this.#fence,
      clock: options.clock,
      frozen: options.freeze ?? false,
      id,
      gate,
      queueBytes: options.queueBytes ?? defaultQueueBytes,
      broken: () => this.#broken,
      signal: this.#giveUp.signal,
    })
  }

  #makeFeed(): Feed {
    const { options, client, paths } = this.#parts
    const durable = this.#durable
    const taking = new Taking({
      paths,
      durable,
      opening: this.#opening,
      log: this.#log,
      body: (mark, at) => this.#writing.body(mark, at),
      onOwn: (name, kv) => this.#own(name, kv),
    })
    return new Feed({
      client,
      paths,
      clock: options.clock,
      log: this.#log,
      revision: () => durable.revision,
      before: events => this.#parts.ahead.missing(valuesOf(events)),
      onEvents: events => taking.take(events),
      onProgress: revision => durable.advance(revision),
      onCompacted: () => this.#reload(),
      onConnect: signal => this.#same(signal),
    })
  }

  revision(): number {
    return this.#durable.revision
  }

  oldest(): number {
    return this.#durable.oldest
  }

  revise(resource: GroupResource, change: (object: KObject) => KObject, from: 'written' | 'shown' = 'written'): void {
    this.#durable.shelf(resource).revise({ change, from, frozen: this.#opening.reading.frozen })
  }

  async fresh(): Promise<void> {
    if (this.#broken !== undefined) throw serviceUnavailable(this.#broken)
    await this.#freshness.fresh()
  }

  reached(revision: number, milliseconds: number): Promise<boolean> {
    if (revision <= this.#durable.revision) return Promise.resolve(true)
    if (this.#closed !== undefined) return Promise.resolve(false)
    this.#feed.ask()
    return this.#durable.waiting.wait(revision, milliseconds)
  }

  snapshot(resource: GroupResource): Snapshot {
    return this.#durable.snapshot(resource)
  }

  snapshotAt(resource: GroupResource, revision: number): Promise<Snapshot | 'expired' | 'future'> {
    return this.#durable.snapshotAt(resource, revision)
  }

  commit(operations: readonly Operation[]): Promise<CommitResult> {
    const refused = refusal(operations, this.#parts.options.refuse)
    return refused === undefined ? this.#writing.commit(operations) : Promise.resolve(refused)
  }

  watch(resources: readonly GroupResource[], since: number, watcher: Watcher): () => void {
    const stop = this.#durable.watch(resources, since, watcher)
    if (this.#closed !== undefined || this.#broken !== undefined) queueMicrotask(() => this.#durable.close())
    return stop
  }

  resources(): readonly GroupResource[] {
    return this.#durable.resources()
  }

  healthy(): boolean {
    return this.#broken === undefined && this.#feed.healthy
  }

  async compact(revision: number): Promise<void> {
    if (this.#closed === undefined && this.#durable.compact(revision))
      await compact(this.#parts.client, this.#durable.oldest)
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  encrypted(encryption: StoreEncryption): void {
    this.#encryption = encryption
  }

  get encryption(): StoreEncryption | undefined {
    return this.#encryption
  }

  /** Kept up to date for as long as this store is open. */
  anchored(anchor: Anchor): void {
    this.#anchor = anchor
  }

  /** What says how far this server saw the cluster is not to need another key than values do. @throws Error of the disk */
  resigned(): void {
    const { ring } = this.#parts.vault
    if (ring !== undefined) this.#anchor?.use(ring)
  }

  #followed(): void {
    this.#log.info('another server made another key seal')
    try {
      this.resigned()
    } catch (error) {
      this.#log.warn('how far the cluster was seen is signed anew later', { error: String(error) })
    }
  }

  async #close(): Promise<void> {
    this.#anchor?.stop()
    this.#compaction.stop()
    const cancel = this.#parts.options.clock.after(closing, () => this.#giveUp.abort())
    await this.#writing.close()
    cancel()
    this.#durable.close()
    await this.#feed.stop()
    this.#parts.client.close()
  }

  /** The events in between are gone: everything is read anew, and all who watch begin again. */
  async #reload(): Promise<void> {
    const { client, paths, options } = this.#parts
    const known = (resource: string, key: string) => this.#durable.shelf(resource).tree.get(key)
    this.#durable.reload(
      await load({ client, paths, clock: options.clock, opening: this.#opening, known, ahead: this.#parts.ahead }),
    )
    this.#log.warn('etcd was compacted past what this server had seen: it has read everything anew')
  }

  /** A cluster that has gone back was restored from a snapshot: revisions would be given twice. */
  async #same(signal: AbortSignal): Promise<void> {
    const { client, paths, options } = this.#parts
    const key = paths.ours(names.format)
    const insisting = { clock: options.clock, milliseconds: 0, signal }
    const { header, kvs } = await client.insist((peer, more) => peer.kv.range({ key }, more), insisting)
    const revision = Number(header?.revision ?? 0n)
    if (kvs.length > 0 && revision >= this.#durable.revision) return
    this.#break(
      `etcd is at revision ${revision}, but ${this.#durable.revision} was reached: it was restored or replaced; start every server of the cluster anew`,
    )
  }

  #own(name: string, kv: KeyValue | undefined): void {
    if (name === names.fences + this.#parts.id) this.#fence.moved(Number(kv?.modRevision ?? 0n))
    try {
      if (kv !== undefined) this.#agree(name, kv)
    } catch (error) {
      // What the servers agree upon is not what a server of ours would write.
      this.#break(`${name} of the store in etcd is not understood: ${String(error)}`)
    }
  }

  #agree(name: string, kv: KeyValue): void {
    const { vault } = this.#parts
    if (name === names.sealed && vault.ring !== undefined) {
      vault.sealed = joined(vault.sealed, recorded(vault.ring, kv.value))
      if (vault.follow(kv.value)) this.#followed()
    }
    const newest = 1 + steps.length
    if (name === names.format && formatIn(kv.value) > newest) this.#break(newer(formatIn(kv.value), newest).message)
  }

  /** From now on nothing is written and nothing counts as fresh. */
  #break(why: string): void {
    if (this.#broken !== undefined) return
    this.#broken = why
    this.#log.error(why)
    this.#durable.close()
    this.#parts.onBroken?.(why)
  }
}
