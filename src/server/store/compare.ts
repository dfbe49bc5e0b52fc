/** Compares a transaction with the head, and makes the changes it stands for. */
import type { CommitResult, Operation } from './contract.ts'
import { Entry, LastBody, freeze, given, type Body, type Change } from './entry.ts'
import type { Shelf } from './shelf.ts'

/** Row numbers of a journal keep 12 bits for the place within a transaction. */
export const mostOperations = 4096

export interface Head {
  readonly shelf: (resource: string) => Shelf
  readonly now: number
  readonly frozen: boolean
}

export type Conflict = Extract<CommitResult, { readonly reason: 'conflict' }>

/** Throws on transactions that make no sense: a bug of the caller, not a state of the store. */
export function sensible(operations: readonly Operation[]): void {
  if (operations.length === 0 || operations.length > mostOperations)
    throw new RangeError(`a transaction has 1 to ${mostOperations} operations, not ${operations.length}`)
  const written = new Set<string>()
  for (const { type, resource, key } of operations) {
    if (key === '' || !key.isWellFormed() || key.includes('\0'))
      throw new RangeError(`not a key: ${JSON.stringify(key)}`)
    if (type === 'check' || operations.length === 1) continue
    const path = `${resource}\0${key}`
    if (written.has(path)) throw new RangeError(`a transaction writes ${resource} ${key} twice`)
    written.add(path)
  }
}

/** The first operation that does not hold; deleting what is not there never holds. */
export function conflict(operations: readonly Operation[], head: Head): Conflict | undefined {
  for (const [at, operation] of operations.entries()) {
    const current = head.shelf(operation.resource).head(operation.key)
    const holds =
      (operation.expect === undefined || operation.expect === (current?.revision ?? 0)) &&
      (operation.type !== 'delete' || current !== undefined)
    if (!holds) return { ok: false, reason: 'conflict', at, current }
  }
  return undefined
}

/** What the writes among the operations change, at `revision`. */
export function changesOf(operations: readonly Operation[], revision: number, head: Head): readonly Change[] {
  const changes: Change[] = []
  for (const operation of operations) {
    if (operation.type === 'check') continue
    const { type, resource, key } = operation
    const previous = head.shelf(resource).head(key)
    const body =
      type === 'put' ? given(operation.object, operation.managed, revision) : lastOf(previous, revision, head)
    const kept = new Entry(
      {
        resource,
        key,
        revision,
        place: changes.length,
        version: (previous?.version ?? 0) + 1,
        expires: type === 'put' && operation.ttl !== undefined ? head.now + operation.ttl * 1000 : 0,
      },
      body,
    )
    if (head.frozen && type === 'put') freeze(kept.object)
    changes.push({ type, resource, key, revision, kept, previous })
  }
  return changes
}

function lastOf(previous: Entry | undefined, revision: number, head: Head): Body {
  if (previous === undefined) throw new Error('a deletion without a last state passed the comparison')
  return new LastBody(previous, revision, head.frozen)
}
