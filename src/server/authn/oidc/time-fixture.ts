/** For tests: time that passes when told to. */
import type { Clock } from '#base/clock.ts'

export function makeFakeTime(start: number): { readonly clock: Clock; readonly pass: (milliseconds: number) => void } {
  let passed = 0
  const waiting = new Set<{ readonly at: number; readonly call: () => void }>()
  return {
    clock: {
      now: () => start + passed,
      monotonic: () => passed,
      after: (milliseconds, call) => {
        const one = { at: passed + milliseconds, call }
        waiting.add(one)
        return () => void waiting.delete(one)
      },
    },
    pass: milliseconds => {
      passed += milliseconds
      for (const one of [...waiting].toSorted((a, b) => a.at - b.at))
        if (one.at <= passed && waiting.delete(one)) one.call()
    },
  }
}
