/** What the main thread and the history thread say to each other. */
import type { Survey } from '../changing.ts'
import type { HistoryRequest } from '../journal.ts'
import type { VaultSettings } from '../vault.ts'

export interface HistorySettings {
  readonly path: string
  readonly vault: VaultSettings
}

export interface PastValue {
  readonly id: number
  readonly version: number
  readonly expires: number
  /** Opened; empty for a deletion. */
  readonly value: Uint8Array
}

export interface PastWrite extends PastValue {
  readonly type: 'put' | 'delete'
  readonly resource: string
  readonly key: string
  readonly previous: PastValue | undefined
}

export type PastPart = { readonly writes: readonly PastWrite[]; readonly through: number } | 'expired'

export interface ToHistory {
  readonly number: number
  /** Or a question about all rows, or what to open values with from now on. */
  readonly request: HistoryRequest | 'survey' | { readonly vault: VaultSettings }
}

export interface FromHistory {
  readonly number: number
  readonly part?: PastPart
  readonly survey?: Survey
  readonly error?: string
}
