/** Entries out of etcd's key-values. */
import { Entry, StoredBody, type Body, type Reading } from '../entry.ts'
import type { Vault } from '../vault.ts'
import type { KeyValue } from './rpc.gen.ts'
import { fromValue } from './values.ts'

export interface Located {
  readonly resource: string
  readonly key: string
  /** Which write of its transaction. */
  readonly place: number
}

export interface Opening {
  readonly vault: Vault
  readonly reading: Reading
}

/** The entry of a key-value. @param body finds it by the value's mark where it is known already @throws ValueForeign, ValueBroken, SealBroken */
export function toEntry(
  kv: KeyValue,
  at: Located,
  { vault, reading, body }: Opening & { readonly body?: (mark: string) => Body | undefined },
): Entry {
  const revision = Number(kv.modRevision)
  const version = Number(kv.version)
  const { resource, key, place } = at
  const { expires, text, mark } = fromValue({ resource, key, version }, kv.value, { vault, aad: kv.key })
  const own = body?.(mark) ?? new StoredBody(text, { resource, revision }, reading)
  return new Entry({ resource, key, revision, place, version, expires }, own)
}
