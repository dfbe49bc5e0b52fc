/** One transaction to the cluster and what became of it, also where the answer was lost. */
import type { Clock } from '#base/clock.ts'
import type { Operation } from '../contract.ts'
import type { Durable } from '../durable.ts'
import type { Failure } from '../journal.ts'
import { backOff, type EtcdClient } from './client.ts'
import type { Fence } from './fence.ts'
import type { Leases } from './leases.ts'
import type { Plan } from './transaction.ts'
import { troubleOf, wordsOf } from './trouble.ts'

export type Sent =
  | { readonly type: 'answered'; readonly succeeded: boolean; readonly revision: number }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** It did not happen; planned anew it may. */
  | { readonly type: 'again' }

export interface Shipment {
  readonly plan: Plan
  /** On the monotonic clock: when to give up. */
  readonly end: number
  /** The fence that the plan compares; absent where nothing is written. */
  readonly fenced?: number
  /** Where the feed saw it, 0 if it did not. */
  readonly landed?: () => number
}

export interface SendingParts {
  readonly client: EtcdClient
  readonly clock: Clock
  readonly durable: Durable
  readonly fence: Fence
  readonly leases: Leases
  readonly gate: () => Promise<Failure | undefined>
  readonly signal: AbortSignal
}

const forever = 2 ** 31 - 1
const failed = (reason: Failure['reason'], message: string): Sent => ({ type: 'failed', failure: { reason, message } })

export class Sending {
  readonly #parts: SendingParts

  constructor(parts: SendingParts) {
    this.#parts = parts
  }

  async send(shipment: Shipment): Promise<Sent> {
    const { client, clock, gate, leases, signal } = this.#parts
    for (let tries = 0; ; tries++) {
      const failure = await gate()
      if (failure !== undefined) return { type: 'failed', failure }
      try {
        const { succeeded, header } = await client.ask((peer, options) =>
          peer.kv.txn(shipment.plan, { ...options, signal }),
        )
        return { type: 'answered', succeeded, revision: Number(header?.revision ?? 0n) }
      } catch (error) {
        const trouble = troubleOf(error)
        if (trouble === 'lease') {
          leases.forget()
          return { type: 'again' }
        }
        if (trouble === 'distrusted' && tries + 1 < client.peers.length) continue
        if (trouble !== 'unreachable') return refusal(error)
        if (shipment.fenced !== undefined) return this.#resolve(shipment, error)
        if (clock.monotonic() > shipment.end || signal.aborted)
          return failed('failed', `etcd does not answer: ${wordsOf(error)}`)
        await backOff(clock, tries, signal)
      }
    }
  }

  /** A lease for each operation that wants one. */
  async leases(operations: readonly Operation[], end: number): Promise<bigint[] | Sent> {
    const { clock, leases, signal } = this.#parts
    if (!operations.some(one => one.type === 'put' && one.ttl !== undefined)) return operations.map(() => 0n)
    for (let tries = 0; ; tries++)
      try {
        const ids = operations.map(one =>
          one.type === 'put' && one.ttl !== undefined ? leases.id(one.ttl) : Promise.resolve(0n),
        )
        return await Promise.all(ids)
      } catch (error) {
        if (troubleOf(error) !== 'unreachable') return refusal(error)
        if (clock.monotonic() > end || signal.aborted)
          return failed('failed', `etcd does not answer: ${wordsOf(error)}`)
        await backOff(clock, tries, signal)
      }
  }

  /** The answer was lost. Behind the fence it is certain whether it happened. */
  async #resolve({ end, fenced, landed }: Shipment, lost: unknown): Promise<Sent> {
    const { durable, fence } = this.#parts
    const unknown = (why: string): Sent =>
      failed('failed', `etcd did not say whether it was written, and the outcome is not known: ${why}`)
    try {
      const revision = fence.revision > (fenced ?? 0) ? fence.revision : await fence.raise(end)
      const there = durable.revision >= revision || (await durable.waiting.wait(revision, forever))
      if (!there) return unknown('the server is stopping')
      const at = landed?.() ?? 0
      return at > 0 ? { type: 'answered', succeeded: true, revision: at } : { type: 'again' }
    } catch (error) {
      return unknown(`${wordsOf(lost)}; ${wordsOf(error)}`)
    }
  }
}

function refusal(error: unknown): Sent {
  const words = wordsOf(error)
  if (troubleOf(error) === 'full')
    return failed(
      'full',
      `${words}. Make room with: etcdctl compact and etcdctl defrag, or a larger --quota-backend-bytes; then etcdctl alarm disarm`,
    )
  if (words.includes('too many operations')) return failed('failed', `${words}: this etcd needs a larger --max-txn-ops`)
  return failed('failed', words)
}
