/**
 * The head: gives out revisions, gathers transactions into batches and has one batch at a time made durable. What comes
 * while a batch is under way is gathered for the next; a batch that fails takes everything above it along.
 */
import type { Clock } from '#base/clock.ts'
import { changesOf, conflict, sensible, type Conflict, type Head } from './compare.ts'
import type { CommitResult, Operation } from './contract.ts'
import type { Durable } from './durable.ts'
import type { Change } from './entry.ts'
import type { Failure, Journal } from './journal.ts'

export interface CommitterOptions {
  readonly durable: Durable
  readonly journal: Journal
  readonly clock: Clock
  readonly frozen: boolean
  /** Called with every batch that became durable, after watchers. */
  readonly onDurable: (changes: readonly Change[]) => void
  /** Bytes that may wait for the disk before commits wait to be compared. */
  readonly queueBytes: number
}

type Settle = (failure: Failure | undefined) => void

/** A batch: its changes, and everybody who waits for it, be it with a write or with a conflict. */
class Batch {
  readonly changes: Change[] = []
  readonly settles: Settle[] = []
  bytes = 0
  head = 0
}

export class Committer {
  readonly #options: CommitterOptions
  #head: number
  #gathered = new Batch()
  #flying: Batch | undefined
  #waiting: (() => void)[] = []
  #closed = false
  #idle: (() => void)[] = []

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#head = options.durable.revision
  }

  commit(operations: readonly Operation[]): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        try {
          this.#attempt(operations, resolve)
        } catch (error) {
          reject(error)
        }
      }
      if (this.#closed || (this.#waiting.length === 0 && this.#room())) attempt()
      else this.#waiting.push(attempt)
    })
  }

  /** Refuses new transactions and resolves when those accepted are settled. */
  close(): Promise<void> {
    this.#closed = true
    this.#admit()
    if (this.#flying === undefined && this.#gathered.settles.length === 0) return Promise.resolve()
    return new Promise(resolve => this.#idle.push(resolve))
  }

  #attempt(operations: readonly Operation[], resolve: (result: CommitResult) => void): void {
    sensible(operations)
    if (this.#closed) return resolve({ ok: false, reason: 'closed' })
    const { durable, clock, frozen } = this.#options
    const head: Head = { shelf: resource => durable.shelf(resource), now: clock.now(), frozen }
    const collision = conflict(operations, head)
    if (collision !== undefined) return this.#collide(operations, collision, resolve)
    const changes = changesOf(operations, this.#head + 1, head)
    if (changes.length === 0)
      return this.#after(operations, resolve, () => ({ ok: true, revision: durable.revision, kept: [] }))
    this.#gather(changes, resolve)
  }

  #gather(changes: readonly Change[], resolve: (result: CommitResult) => void): void {
    const { durable, journal } = this.#options
    const batch = this.#gathered
    batch.bytes += journal.gather(changes)
    const revision = ++this.#head
    batch.head = revision
    for (const change of changes) {
      batch.changes.push(change)
      durable.shelf(change.resource).pending.set(change.key, change)
    }
    const kept = changes.map(change => change.kept)
    batch.settles.push(failure =>
      resolve(failure === undefined ? { ok: true, revision, kept } : { ok: false, ...failure }),
    )
    if (this.#flying === undefined && batch.settles.length === 1) queueMicrotask(() => this.#fly())
  }

  /** Answers a conflict once what it collided with is durable; where that fails, the same failure. */
  #collide(operations: readonly Operation[], collision: Conflict, resolve: (result: CommitResult) => void): void {
    const operation = operations[collision.at]
    this.#after(operation === undefined ? [] : [operation], resolve, () => collision)
  }

  /** Answers once everything pending on the keys of these operations is durable. */
  #after(operations: readonly Operation[], resolve: (result: CommitResult) => void, answer: () => CommitResult): void {
    let newest = 0
    for (const { resource, key } of operations)
      newest = Math.max(newest, this.#options.durable.shelf(resource).pending.get(key)?.revision ?? 0)
    if (newest === 0) return resolve(answer())
    const batch = this.#flying !== undefined && newest <= this.#flying.head ? this.#flying : this.#gathered
    batch.settles.push(failure => resolve(failure === undefined ? answer() : { ok: false, ...failure }))
  }

  #fly(): void {
    if (this.#flying !== undefined || this.#gathered.changes.length === 0) return
    const batch = this.#gathered
    this.#flying = batch
    this.#gathered = new Batch()
    this.#options.journal.flush(batch.head).then(
      failure => this.#landed(batch, failure),
      (error: unknown) => this.#landed(batch, { reason: 'failed', message: String(error) }),
    )
  }

  #landed(batch: Batch, failure: Failure | undefined): void {
    this.#flying = undefined
    if (failure === undefined) {
      // The disk works on what was gathered while this is told to everybody.
      this.#fly()
      this.#options.durable.apply(batch.changes, batch.head, batch.bytes)
      this.#options.onDurable(batch.changes)
      for (const settle of batch.settles) settle(undefined)
    } else this.#fail([batch, this.#gathered], failure)
    this.#admit()
    this.#fly()
    if (this.#flying === undefined) for (const idle of this.#idle.splice(0)) idle()
  }

  #fail(batches: readonly Batch[], failure: Failure): void {
    this.#gathered = new Batch()
    this.#options.journal.discard()
    for (const batch of batches) {
      for (const { resource, key } of batch.changes) this.#options.durable.shelf(resource).pending.delete(key)
      for (const settle of batch.settles) settle(failure)
    }
  }

  #room(): boolean {
    return this.#gathered.bytes + (this.#flying?.bytes ?? 0) <= this.#options.queueBytes
  }

  /** Lets waiting commits try, in the order they came, while there is room. */
  #admit(): void {
    let admitted = 0
    while (admitted < this.#waiting.length && (this.#closed || this.#room())) this.#waiting[admitted++]?.()
    if (admitted > 0) this.#waiting = this.#waiting.slice(admitted)
  }
}
