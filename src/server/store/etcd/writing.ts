/**
 * Transactions on their way: compared with what this server knows, written where the cluster agrees, answered once this
 * server's own memory has them.
 */
import type { Clock } from '#base/clock.ts'
import { conflict, sensible } from '../compare.ts'
import type { CommitResult, Operation, Put } from '../contract.ts'
import type { Durable } from '../durable.ts'
import { Entry, LastBody, freeze, given, type Body } from '../entry.ts'
import type { Failure } from '../journal.ts'
import { jsonText, storedText } from '../text.ts'
import type { Vault } from '../vault.ts'
import type { EtcdClient } from './client.ts'
import type { Fence } from './fence.ts'
import type { Leases } from './leases.ts'
import type { Paths } from './paths.ts'
import { Room } from './room.ts'
import { Sending, type Sent } from './sending.ts'
import { isCertain, planConfirmation, planWrites, unchanged, type Collision } from './transaction.ts'
import { Turns } from './turns.ts'

export interface WritingParts {
  readonly client: EtcdClient
  readonly paths: Paths
  readonly durable: Durable
  readonly vault: Vault
  readonly leases: Leases
  readonly fence: Fence
  readonly clock: Clock
  readonly frozen: boolean
  /** This server's name in marks, unique among all that ever were. */
  readonly id: string
  readonly queueBytes: number
  /** Asked before each transaction is sent; a failure is its answer. */
  readonly gate: () => Promise<Failure | undefined>
  /** Why nothing can be written any more, if so. */
  readonly broken: () => string | undefined
  readonly signal: AbortSignal
}

/** Milliseconds until a transaction that nobody answers is given up. */
const patience = 30_000
/** A write that etcd has is waited for as long as the store lives. */
const forever = 2 ** 31 - 1

interface Mine {
  readonly operations: readonly Operation[]
  /** Where the feed saw it; 0 before. */
  landed: number
}

interface Job {
  readonly operations: readonly Operation[]
  readonly texts: readonly Uint8Array[]
  readonly end: number
}

const pathOf = ({ resource, key }: Operation): string => `${resource}/${key}`
const closed: CommitResult = { ok: false, reason: 'closed' }

export class Writing {
  readonly #parts: WritingParts
  readonly #sending: Sending
  readonly #turns = new Turns()
  readonly #room: Room
  readonly #mine = new Map<string, Mine>()
  #marks = 0
  #under = 0
  #closed = false
  #idle: () => void = () => undefined

  constructor(parts: WritingParts) {
    this.#parts = parts
    this.#room = new Room(parts.queueBytes)
    this.#sending = new Sending(parts)
  }

  async commit(operations: readonly Operation[]): Promise<CommitResult> {
    sensible(operations)
    if (this.#closed) return closed
    const texts = operations.map(textOf)
    const end = this.#parts.clock.monotonic() + patience
    this.#under++
    const leave = await this.#room.enter(texts.reduce((sum, text) => sum + text.length, 0))
    try {
      const write = operations.filter(({ type }) => type !== 'check').map(pathOf)
      const read = operations.filter(({ type }) => type === 'check').map(pathOf)
      return await this.#turns.take({ write, read }, () => this.#settle({ operations, texts, end }))
    } finally {
      leave()
      if (--this.#under === 0) this.#idle()
    }
  }

  /** Refuses new transactions; resolves when those accepted are settled. */
  close(): Promise<void> {
    this.#closed = true
    return this.#under === 0 ? Promise.resolve() : new Promise(resolve => (this.#idle = resolve))
  }

  /** The feed brought a value with this mark: the body that its writer gave, where that was this server. */
  body(
    mark: string,
    at: { readonly resource: string; readonly key: string; readonly revision: number },
  ): Body | undefined {
    const mine = this.#mine.get(mark)
    const put = mine?.operations.find(
      (one): one is Put => one.type === 'put' && one.key === at.key && one.resource === at.resource,
    )
    if (mine === undefined || put === undefined) return undefined
    mine.landed = at.revision
    const body = given(put.object, put.managed, at.revision)
    if (this.#parts.frozen) freeze(body.object)
    return body
  }

  /** Until the cluster and this server agree whether it holds. */
  async #settle(job: Job): Promise<CommitResult> {
    const { durable, clock, frozen, broken } = this.#parts
    const { operations } = job
    for (;;) {
      const why = broken()
      if (why !== undefined) return failed(why)
      const head = { shelf: (resource: string) => durable.shelf(resource), now: clock.now(), frozen }
      const collision = conflict(operations, head)
      const at = collision === undefined ? undefined : operations[collision.at]
      if (collision !== undefined && at !== undefined && isCertain(at, collision)) return collision
      const before = operations.map(one => durable.shelf(one.resource).tree.get(one.key))
      const sent =
        collision !== undefined && at !== undefined
          ? await this.#confirm(at, collision, job)
          : await this.#write(job, before)
      if (sent.type === 'failed') return { ok: false, ...sent.failure }
      if (sent.type === 'answered') {
        if (!(await this.#known(sent.revision)) && !sent.succeeded) return closed
        if (sent.succeeded) return collision ?? this.#done(job, sent.revision, before)
      }
      if (clock.monotonic() > job.end) return failed('etcd did not take it in time; nothing was written')
    }
  }

  #known(revision: number): Promise<boolean> {
    const { durable } = this.#parts
    return durable.revision >= revision ? Promise.resolve(true) : durable.waiting.wait(revision, forever)
  }

  #confirm(operation: Operation, collision: Collision, { end }: Job): Promise<Sent> {
    return this.#sending.send({ plan: planConfirmation(operation, collision, this.#parts.paths), end })
  }

  async #write({ operations, texts, end }: Job, before: readonly (Entry | undefined)[]): Promise<Sent> {
    const { paths, vault, fence, clock, id } = this.#parts
    const leases = await this.#sending.leases(operations, end)
    if (!Array.isArray(leases)) return leases
    const mark = `${id}.${(this.#marks++).toString(36)}`
    const mine: Mine = { operations, landed: 0 }
    const current = new Map(operations.map((operation, i) => [operation, before[i]]))
    const planning = {
      paths,
      vault,
      mark,
      now: clock.now(),
      texts,
      leases,
      current: (of: Operation) => current.get(of),
    }
    const plan = planWrites(operations, planning)
    if (plan.success.length === 0) return this.#sending.send({ plan, end })
    const fenced = fence.revision
    plan.compare.push(unchanged(fence.key, fenced))
    this.#mine.set(mark, mine)
    try {
      const sent = await this.#sending.send({ plan, end, fenced, landed: () => this.#landed(mine, before) })
      if (sent.type === 'answered' && sent.succeeded) await this.#known(sent.revision)
      return sent
    } finally {
      this.#mine.delete(mark)
    }
  }

  /** Where the feed saw these writes; 0 where it did not. Deletions carry no mark, but their keys went all at once. */
  #landed({ operations, landed }: Mine, before: readonly (Entry | undefined)[]): number {
    if (landed > 0 || operations.some(({ type }) => type === 'put')) return landed
    const revisions = operations.flatMap(({ type, resource, key }, i) => {
      const next = type === 'delete' ? this.#parts.durable.next(resource, key, before[i]?.revision ?? 0) : undefined
      return type === 'delete' ? [next?.type === 'delete' ? next.revision : 0] : []
    })
    const [first = 0] = revisions
    return revisions.every(revision => revision === first) ? first : 0
  }

  #done({ operations }: Job, revision: number, before: readonly (Entry | undefined)[]): CommitResult {
    const { durable } = this.#parts
    const kept = operations.flatMap((operation, i) => {
      if (operation.type === 'check') return []
      const change = durable.change(operation.resource, operation.key, revision)
      return [change?.kept ?? this.#made(operation, revision, before[i])]
    })
    return { ok: true, revision: kept.length === 0 ? durable.revision : revision, kept }
  }

  /** For what memory has dropped again by the time its writer is answered. */
  #made(operation: Exclude<Operation, { type: 'check' }>, revision: number, before: Entry | undefined): Entry {
    const { resource, key } = operation
    const identity = { resource, key, revision, place: 0, version: (before?.version ?? 0) + 1, expires: 0 }
    if (operation.type === 'put') return new Entry(identity, given(operation.object, operation.managed, revision))
    if (before === undefined) throw new Error('a deletion without a last state passed the comparison')
    return new Entry(identity, new LastBody(before, revision, this.#parts.frozen))
  }
}

const none = new Uint8Array()
const textOf = (operation: Operation): Uint8Array =>
  operation.type === 'put'
    ? Buffer.from(storedText({ managed: operation.managed, text: jsonText(operation.object) }))
    : none

const failed = (message: string): CommitResult => ({ ok: false, reason: 'failed', message })
