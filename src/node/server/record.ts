/** What is put on record of calls to the agent's own API; whoever keeps it is joined by the process. */
import type { IncomingMessage } from 'node:http'
import type { Right, Route } from './route.ts'

export interface CallRecord {
  /** Who asks, and for what. Before anything is done, and before it is known whether they may. */
  known(
    caller: { readonly name: string; readonly groups: readonly string[] },
    asked: { readonly route: Route; readonly right: Right } | undefined,
  ): void
  failed(code: number, message: string): void
  /** A stream is joined. */
  started(): void
  /** Before its end: it was put an end to. */
  ended(reason: string): void
  end(code: number): void
}

export type KeepRecord = (request: IncomingMessage) => CallRecord

const none: CallRecord = {
  known: () => undefined,
  failed: () => undefined,
  started: () => undefined,
  ended: () => undefined,
  end: () => undefined,
}

/** Where nobody keeps a record. */
export const noRecord: KeepRecord = () => none
