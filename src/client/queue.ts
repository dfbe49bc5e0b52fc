/** Keys waiting for a worker: each once, never at two workers, with delays and back-off per key. */
import type { Clock } from '#base/clock.ts'

export interface Backoff {
  /** Milliseconds. */
  readonly first: number
  readonly max: number
}

export const usualBackoff: Backoff = { first: 5, max: 1_000_000 }

export interface Queue {
  /** Wanted now. While it is with a worker it comes again after `done`. */
  add(key: string): void
  addAfter(key: string, milliseconds: number): void
  /** Wanted again after this key's next back-off; the result is that delay. */
  retry(key: string): number
  /** The next success starts from the first back-off again. */
  forget(key: string): void
  take(): string | undefined
  done(key: string): void
  depth(): number
  stop(): void
}

/** @param onReady called whenever there is something to take. */
export function makeQueue(clock: Clock, onReady: () => void, backoff: Backoff = usualBackoff): Queue {
  const waiting = new Set<string>()
  const busy = new Set<string>()
  const dirty = new Set<string>()
  const failures = new Map<string, number>()
  const timers = new Map<string, { readonly at: number; readonly cancel: () => void }>()
  let stopped = false

  const add = (key: string): void => {
    if (stopped) return
    if (busy.has(key)) {
      dirty.add(key)
      return
    }
    waiting.add(key)
    onReady()
  }
  const addAfter = (key: string, milliseconds: number): void => {
    if (stopped) return
    if (milliseconds <= 0) return add(key)
    const at = clock.monotonic() + milliseconds
    const earlier = timers.get(key)
    if (earlier !== undefined) {
      if (earlier.at <= at) return
      earlier.cancel()
    }
    // Longer than a timer holds: it comes early and is set anew.
    const cancel = clock.after(Math.min(milliseconds, 2 ** 31 - 1), () => {
      timers.delete(key)
      add(key)
    })
    timers.set(key, { at, cancel })
  }
  return {
    add,
    addAfter,
    retry: key => {
      const before = failures.get(key) ?? 0
      failures.set(key, before + 1)
      const delay = Math.min(backoff.max, backoff.first * 2 ** Math.min(before, 40))
      addAfter(key, delay)
      return delay
    },
    forget: key => void failures.delete(key),
    take: () => {
      const [key] = waiting
      if (key === undefined || stopped) return undefined
      waiting.delete(key)
      busy.add(key)
      return key
    },
    done: key => {
      busy.delete(key)
      if (dirty.delete(key)) add(key)
    },
    depth: () => waiting.size,
    stop: () => {
      stopped = true
      for (const timer of timers.values()) timer.cancel()
      timers.clear()
      waiting.clear()
      dirty.clear()
    },
  }
}
