/** Brings containerd back whenever it ends: its pods run on meanwhile, but nobody could start, stop or watch them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '#base/log.ts'

export interface KeptProcess {
  readonly isAlive: () => boolean
  /** Resolves when it answers. @throws Error when it does not come up */
  readonly start: () => Promise<void>
}

const lookEvery = 250
const longestBackoff = 30_000
/** One that has lived this long starts with a clean slate, in milliseconds. */
const settled = 60_000

/** Runs until the signal is raised, which leaves the process alone. */
export async function keepAlive(process: KeptProcess, log: Log, signal: AbortSignal): Promise<void> {
  const wait = (milliseconds: number): Promise<void> =>
    sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined)
  let [backoff, started] = [0, performance.now()]
  while (!signal.aborted) {
    await wait(lookEvery)
    if (signal.aborted || process.isAlive()) continue
    backoff = performance.now() - started < settled ? Math.min(Math.max(500, backoff * 2), longestBackoff) : 0
    log.warn('containerd has ended and is started again', { afterMilliseconds: backoff })
    await wait(backoff)
    if (signal.aborted) return
    started = performance.now()
    await process.start().catch((error: unknown) => log.error('containerd does not start', { error: String(error) }))
  }
}
