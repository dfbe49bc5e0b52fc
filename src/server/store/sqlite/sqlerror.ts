/** What SQLite's result codes mean to us (https://sqlite.org/rescode.html). */
import { StoreRefused } from '../contract.ts'
import type { Failure } from '../journal.ts'

const corrupt = 11
const full = 13
const notADatabase = 26
const busy = 5
/** The shared-memory file beside the log cannot grow. */
const noRoomForIndex = 4874

export const codeOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0

const primary = (error: unknown): number => codeOf(error) & 0xff

export const isBusy = (error: unknown): boolean => primary(error) === busy

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  if (primary(error) === full || codeOf(error) === noRoomForIndex)
    return { reason: 'full', message: `there is no room for the data: ${message}` }
  return { reason: 'failed', message: `the data could not be written: ${message}` }
}

/** Runs what opens a database; damage becomes a refusal that says what to do. */
export function refusing<T>(path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const code = primary(error)
    if (code === corrupt) throw damaged(path, error instanceof Error ? error.message : '')
    if (code === notADatabase)
      throw new StoreRefused(
        'foreign',
        `${path} is no SQLite database: name another file, or restore this one from a backup`,
      )
    throw error
  }
}

export const damaged = (path: string, what: string): StoreRefused =>
  new StoreRefused('corrupt', `${path} is damaged (${what}): restore it from a backup; nothing was changed`)
