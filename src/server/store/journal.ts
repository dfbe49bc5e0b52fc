/** Where the core makes its writes durable. The core keeps what is current; a journal keeps what a restart must find. */
import type { GroupResource } from '#api/metadata.ts'
import type { Change } from './entry.ts'

export interface Failure {
  readonly reason: 'full' | 'failed'
  readonly message: string
}

export interface Journal {
  /**
   * Takes one transaction into the batch that is being gathered and says how many bytes that took. Throws where an object
   * cannot be written as JSON; then nothing of it is taken.
   */
  gather(changes: readonly Change[]): number
  /** Writes everything gathered so far, which ends at revision `head`, all or nothing. Never called twice at a time. */
  flush(head: number): Promise<Failure | undefined>
  /** Forgets what was gathered since the last flush. */
  discard(): void
  /** Drops history up to this revision; what is current at it stays. */
  compact(revision: number): Promise<void>
  /** Absent where the memory's window is all there is. */
  readonly history?: History
  close(): Promise<void>
}

export interface HistoryRequest {
  readonly resources: readonly GroupResource[]
  readonly after: number
  readonly until: number
}

export interface HistoryPart {
  readonly changes: readonly Change[]
  /** Everything up to here is in `changes`; the rest must be asked for again. */
  readonly through: number
}

export interface History {
  /** Changes of these resources after one revision and not after another, in order, as many as fit in one answer. */
  read(request: HistoryRequest): Promise<HistoryPart | 'expired'>
}
