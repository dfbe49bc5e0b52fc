/** Joins what is durable in memory, the head, a journal and the clockwork into a store. */
import type { GroupResource, KObject } from '#api/metadata.ts'
import type { Clock } from '#base/clock.ts'
import { silentLog, type Log } from '#base/log.ts'
import type { StoreEncryption } from './changing.ts'
import { Committer } from './committer.ts'
import type { CommitResult, Decode, Operation, Snapshot, Store, Watcher } from './contract.ts'
import { Durable, type Loaded } from './durable.ts'
import type { Journal } from './journal.ts'
import { Keeping } from './keeping.ts'
import type { WindowLimits } from './window.ts'
import type { TallyMemory } from './tally.ts'

/** What every store that is opened by this process takes. */
export interface CoreOptions {
  readonly decode: Decode
  readonly clock: Clock
  readonly log?: Log
  /** Deep-freezes every object that is kept. Costs time: for tests. */
  readonly freeze?: boolean
  /** Changes held in memory for watches and exact lists. */
  readonly window?: WindowLimits
  /** Milliseconds between compactions; each drops what is older than that. Five minutes unless given. */
  readonly compactEvery?: number
  /** Why nothing of this resource can be written now; asked before it is tried. */
  readonly refuse?: ((resource: GroupResource) => string | undefined) | undefined
  /** Where it is counted what is sealed and opened. */
  readonly tally?: TallyMemory | undefined
  /** Bytes of writes that may wait for the disk before further ones wait to be compared. 64 MiB unless given. */
  readonly queueBytes?: number
}

/** The answer to a write that cannot be sealed: before it is batched with others, which can. */
export function refusal(operations: readonly Operation[], refuse: CoreOptions['refuse']): CommitResult | undefined {
  if (refuse === undefined) return undefined
  for (const { type, resource } of operations) {
    const message = type === 'put' ? refuse(resource) : undefined
    if (message !== undefined) return { ok: false, reason: 'failed', message }
  }
  return undefined
}

export const fiveMinutes = 300_000
const defaultQueueBytes = 64 * 1024 * 1024

export interface CoreParts {
  readonly options: CoreOptions
  readonly journal: Journal
  readonly loaded: Loaded
  readonly window: WindowLimits
  readonly encryption?: StoreEncryption | undefined
}

export class CoreStore implements Store {
  readonly encryption: StoreEncryption | undefined
  readonly #journal: Journal
  readonly #durable: Durable
  readonly #committer: Committer
  readonly #keeping: Keeping
  readonly #frozen: boolean
  readonly #refuse: CoreOptions['refuse']
  #closing: Promise<void> | undefined

  constructor({ options, journal, loaded, window, encryption }: CoreParts) {
    this.encryption = encryption
    const { clock, log = silentLog, freeze = false } = options
    const durable = new Durable({ loaded, history: journal.history, window: options.window ?? window, clock, log })
    this.#journal = journal
    this.#refuse = options.refuse
    this.#frozen = freeze
    this.#durable = durable
    this.#committer = new Committer({
      durable,
      journal,
      clock,
      frozen: freeze,
      onDurable: changes => this.#keeping.durable(changes),
      queueBytes: options.queueBytes ?? defaultQueueBytes,
    })
    this.#keeping = new Keeping({
      clock,
      log,
      compactEvery: options.compactEvery ?? fiveMinutes,
      revision: () => durable.revision,
      current: (resource, key) => durable.shelf(resource).tree.get(key),
      commit: operations => this.#committer.commit(operations),
      compact: revision => this.compact(revision),
    })
    for (const tree of loaded.trees.values()) for (const entry of tree.range()) this.#keeping.add(entry)
  }

  revision(): number {
    return this.#durable.revision
  }

  oldest(): number {
    return this.#durable.oldest
  }

  fresh(): Promise<void> {
    return Promise.resolve()
  }

  reached(revision: number, milliseconds: number): Promise<boolean> {
    if (revision <= this.#durable.revision) return Promise.resolve(true)
    return this.#closing === undefined ? this.#durable.waiting.wait(revision, milliseconds) : Promise.resolve(false)
  }

  snapshot(resource: GroupResource): Snapshot {
    return this.#durable.snapshot(resource)
  }

  snapshotAt(resource: GroupResource, revision: number): Promise<Snapshot | 'expired' | 'future'> {
    return this.#durable.snapshotAt(resource, revision)
  }

  commit(operations: readonly Operation[]): Promise<CommitResult> {
    const refused = refusal(operations, this.#refuse)
    if (refused !== undefined) return Promise.resolve(refused)
    return this.#committer.commit(operations)
  }

  watch(resources: readonly GroupResource[], since: number, watcher: Watcher): () => void {
    const stop = this.#durable.watch(resources, since, watcher)
    if (this.#closing !== undefined) queueMicrotask(() => this.#durable.close())
    return stop
  }

  revise(resource: GroupResource, change: (object: KObject) => KObject, from: 'written' | 'shown' = 'written'): void {
    this.#durable.shelf(resource).revise({ change, from, frozen: this.#frozen })
  }

  resources(): readonly GroupResource[] {
    return this.#durable.resources()
  }

  async compact(revision: number): Promise<void> {
    if (this.#closing === undefined && this.#durable.compact(revision))
      await this.#journal.compact(this.#durable.oldest)
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#keeping.stop()
    await this.#committer.close()
    this.#durable.close()
    await this.#journal.close()
  }
}
