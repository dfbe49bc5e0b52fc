/** Structured logs: one JSON object a line, which moves no terminal's cursor. Values of secrets and tokens never go in; callers pass names. */
import { harmless } from './harmless.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>

export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** The same log with these fields on every line. */
  with(fields: Fields): Log
}

const rank: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

export function makeLog(write: (line: string) => void, least: Level, fixed: Fields = {}): Log {
  const line = (level: Level) => (message: string, fields?: Fields) => {
    if (rank[level] >= rank[least])
      write(`${harmless(JSON.stringify({ time: new Date().toISOString(), level, message, ...fixed, ...fields }))}\n`)
  }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    with: fields => makeLog(write, least, { ...fixed, ...fields }),
  }
}

export const silentLog: Log = makeLog(() => undefined, 'error')
