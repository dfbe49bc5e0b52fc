/** Transactions as etcd takes them. */
import type { CommitResult, Operation } from '../contract.ts'
import type { Entry } from '../entry.ts'
import type { Vault } from '../vault.ts'
import { equal, target } from './codes.ts'
import type { Paths } from './paths.ts'
import type { Compare, RequestOp, TxnRequest } from './rpc.gen.ts'
import { toValue } from './values.ts'

export type Compared = Pick<Compare, 'result' | 'target' | 'key' | 'targetUnion'>
export type Plan = { readonly compare: Compared[]; readonly success: Pick<RequestOp, 'request'>[] }
export type Sendable = Plan & Partial<Pick<TxnRequest, 'failure'>>

/** The key was last written at this revision; 0: it is not there. */
export const unchanged = (key: Uint8Array<ArrayBuffer>, revision: number): Compared =>
  ({
    result: equal,
    target: target.mod,
    key,
    targetUnion: { case: 'modRevision', value: BigInt(revision) },
  }) as Compared

export const putting = (key: Uint8Array, value: Uint8Array, lease = 0n): Pick<RequestOp, 'request'> =>
  ({ request: { case: 'requestPut', value: { key, value, lease } } }) as Pick<RequestOp, 'request'>

const deleting = (key: Uint8Array): Pick<RequestOp, 'request'> =>
  ({ request: { case: 'requestDeleteRange', value: { key } } }) as Pick<RequestOp, 'request'>

export const reading = (key: Uint8Array): Pick<RequestOp, 'request'> =>
  ({ request: { case: 'requestRange', value: { key } } }) as Pick<RequestOp, 'request'>

export interface Planning {
  readonly paths: Paths
  readonly vault: Vault
  readonly mark: string
  readonly now: number
  readonly current: (operation: Operation) => Entry | undefined
  /** Of each operation; empty where it is no put. */
  readonly texts: readonly Uint8Array[]
  /** Of each operation; 0 for none. */
  readonly leases: readonly bigint[]
}

/**
 * Everything that is written is compared with what this server knows of it, also where anything would do: so the write
 * counter that a value is bound to is known.
 */
export function planWrites(operations: readonly Operation[], planning: Planning): Plan {
  const { paths, vault, mark, now, texts, leases, current } = planning
  const compare: Compared[] = []
  const success: Pick<RequestOp, 'request'>[] = []
  for (const [i, operation] of operations.entries()) {
    const { resource, key } = operation
    const name = paths.value(resource, key)
    const before = current(operation)
    compare.push(unchanged(name, before?.revision ?? 0))
    if (operation.type === 'delete') success.push(deleting(name))
    if (operation.type !== 'put') continue
    const expires = operation.ttl === undefined ? 0 : now + operation.ttl * 1000
    const path = { resource, key, version: (before?.version ?? 0) + 1 }
    const value = toValue(path, { mark, expires, text: texts[i] ?? new Uint8Array() }, { vault, aad: name })
    success.push(putting(name, value, leases[i] ?? 0n))
  }
  return { compare, success }
}

export type Collision = Extract<CommitResult, { readonly reason: 'conflict' }>

/** Asks whether what collides here is what the cluster holds. */
export function planConfirmation(operation: Operation, { current }: Collision, paths: Paths): Plan {
  return { compare: [unchanged(paths.value(operation.resource, operation.key), current?.revision ?? 0)], success: [] }
}

/** Nothing that this server has not heard of can make it hold: revisions only rise. */
export const isCertain = ({ expect = 0 }: Operation, { current }: Collision): boolean =>
  expect > 0 && current !== undefined && current.revision > expect
