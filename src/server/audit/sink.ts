/** Where events go. */
import type { AuditRecord } from './record.ts'

/** Upstream's: not waited for; waited for before a request is done; as that, and refused where it cannot be written. */
export const modes = ['batch', 'blocking', 'blocking-strict'] as const
export type Mode = (typeof modes)[number]

export interface Sink {
  /** Upstream's name of it, as metrics have it. */
  readonly name: string
  /** Takes an event, without waiting. @returns false where it could not be kept; it is counted then */
  put(record: AuditRecord): boolean
  /** Resolves when everything that was put so far is where it belongs: true, or could not be brought there: false. */
  flush(): Promise<boolean>
  /**
   * Resolves when everything that was put so far is with the kernel, so that the end of this process loses nothing of it, or
   * could not be brought there. Undefined: it is so already, or the sink promises nothing.
   */
  written?(): Promise<void> | undefined
  /** Whether the last try to write has failed. */
  readonly failing: boolean
  /** Writes what is there and ends. */
  close(): Promise<void>
}

/** Counts events that were lost, by the sink that lost them. */
export type Lost = (sink: string, events: number) => void
