/**
 * What is refused, or answered without a write, must be so by the newest state. Where several servers share a store this one
 * may be a moment behind; a write finds that out by itself, everything else asks here.
 */
import type { Kept, Store } from '#server/store/contract.ts'

export interface Seen {
  readonly resource: string
  readonly key: string
  readonly current: Kept | undefined
}

/** The object is no longer what was seen: to be decided again. */
export async function hasMoved(store: Store, { resource, key, current }: Seen): Promise<boolean> {
  await store.fresh()
  return store.snapshot(resource).get(key) !== current
}

/** Anything was written since this revision. */
export async function isBehind(store: Store, revision: number): Promise<boolean> {
  await store.fresh()
  return store.revision() !== revision
}

const outside = new WeakSet<Error>()

/** Marks a refusal by somebody outside, a webhook: who is not asked a second time because something else has changed. */
export function fromOutside<E extends Error>(error: E): E {
  outside.add(error)
  return error
}

export const isFromOutside = (error: unknown): boolean => error instanceof Error && outside.has(error)
