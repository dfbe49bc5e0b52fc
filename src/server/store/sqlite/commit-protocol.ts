/** What the main thread and the commit thread say to each other. */
import type { Failure } from '../journal.ts'
import type { Rewritten } from '../changing.ts'
import type { Packed } from './batch.ts'
import type { VaultSettings } from '../vault.ts'

export interface CommitSettings {
  readonly path: string
  readonly headPath: string
  readonly vault: VaultSettings
  /** How large the database may grow; 0 for as large as the disk lets it. */
  readonly maxBytes: number
}

export type ToCommit =
  | { readonly type: 'batch'; readonly packed: Packed; readonly head: number }
  | { readonly type: 'compact'; readonly revision: number }
  | { readonly type: 'vault'; readonly vault: VaultSettings }
  /** From the row after this one, at most so many. */
  | { readonly type: 'rewrite'; readonly from: number; readonly most: number }
  | { readonly type: 'close' }

export type FromCommit =
  /** It can write; `head` is what the database holds. */
  | { readonly type: 'ready'; readonly head: number }
  | { readonly type: 'batch'; readonly failure: Failure | undefined; readonly packed: Packed }
  | { readonly type: 'compacted'; readonly failure: Failure | undefined }
  /** Of `vault` and `rewrite`, in order. */
  | { readonly type: 'changed'; readonly result: Rewritten | Failure }
