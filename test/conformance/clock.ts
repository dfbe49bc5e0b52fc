/** The machine's clock, which tests move on: what minutes bring is there at once. */
import { type Clock, systemClock } from '#base/clock.ts'

export interface MovedClock extends Clock {
  /** Calls what falls due on the way. */
  advance(milliseconds: number): void
}

interface Alarm {
  readonly at: number
  readonly call: () => void
  readonly cancel: () => void
}

export function makeMovedClock(): MovedClock {
  let moved = 0
  const alarms = new Set<Alarm>()
  const monotonic = (): number => systemClock.monotonic() + moved
  const after: Clock['after'] = (milliseconds, call) => {
    const ring = (): void => {
      alarm.cancel()
      call()
    }
    const stop = systemClock.after(milliseconds, ring)
    const cancel = (): void => {
      stop()
      alarms.delete(alarm)
    }
    const alarm: Alarm = { at: monotonic() + milliseconds, call: ring, cancel }
    alarms.add(alarm)
    return cancel
  }
  return {
    now: () => systemClock.now() + moved,
    monotonic,
    after,
    advance: milliseconds => {
      moved += milliseconds
      const due = [...alarms].filter(({ at }) => at <= monotonic()).sort((a, b) => a.at - b.at)
      for (const alarm of due) if (alarms.has(alarm)) alarm.call()
    },
  }
}
