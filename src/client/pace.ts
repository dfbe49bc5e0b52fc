/** Keeps work that shares the event loop with requests from holding it: everybody who works in turns awaits `turn`. */
export interface Pace {
  /** Goes on at once while the slice lasts, else after the event loop has run. */
  turn(): Promise<void> | undefined
}

export interface PaceParts {
  readonly monotonic: () => number
  /** Runs the call after pending input and output; `setImmediate`. */
  readonly later: (call: () => void) => void
  /** Milliseconds. */
  readonly slice?: number
}

export function makePace({ monotonic, later, slice = 5 }: PaceParts): Pace {
  let until = -Infinity
  let next: Promise<void> | undefined
  const renew = (): Promise<void> =>
    new Promise(resolve => {
      later(() => {
        until = monotonic() + slice
        next = undefined
        resolve()
      })
    })
  return {
    turn: () => {
      if (monotonic() < until) return undefined
      next ??= renew()
      return next
    },
  }
}

export const loopPace = (): Pace =>
  makePace({ monotonic: () => performance.now(), later: call => void setImmediate(call) })
