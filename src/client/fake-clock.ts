/** A clock that tests move by hand. */
import type { Clock } from '#base/clock.ts'

export interface FakeClock extends Clock {
  /** Moves time, calling what falls due in order; lets promises settle in between. */
  advance(milliseconds: number): Promise<void>
}

/** Lets everything that waits for promises or setImmediate go on. */
export async function settle(rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round++) await new Promise(resolve => setImmediate(resolve))
}

export function makeFakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start
  const timers = new Set<{ readonly at: number; readonly call: () => void }>()
  return {
    now: () => now,
    monotonic: () => now - start,
    after: (milliseconds, call) => {
      const timer = { at: now + milliseconds, call }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance: async milliseconds => {
      // What is under way happens before time moves.
      await settle()
      const end = now + milliseconds
      for (;;) {
        const next = [...timers].sort((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > end) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.call()
        await settle()
      }
      now = end
      await settle()
    },
  }
}
