/** Reads a file again when it was replaced. */
import { statSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'

export interface Following {
  readonly clock: Clock
  readonly log: Log
  /** Called after each change. Where it rejects it is called again. */
  readonly read: () => Promise<void>
}

/** Milliseconds. */
const every = 5000

/** '' while it is not there. */
function stampOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(file)
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    return ''
  }
}

/** @returns what ends it */
export function follow(file: string, { clock, log, read }: Following): () => void {
  let seen = stampOf(file)
  let ended = false
  let cancel: () => void = () => undefined
  const look = async (): Promise<void> => {
    const stamp = stampOf(file)
    if (stamp === '' || stamp === seen) return
    await read()
    seen = stamp
  }
  const wait = (): void => {
    if (ended) return
    cancel = clock.after(every, () => {
      void look()
        .catch((error: unknown) =>
          log.error('a file that was replaced could not be read', { file, error: String(error) }),
        )
        .finally(wait)
    })
  }
  wait()
  return () => {
    ended = true
    cancel()
  }
}
