/** Time as an argument: tests move it, production reads the machine's. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds that never go back, for durations. */
  monotonic(): number
  /** Calls once after `milliseconds`; the result cancels. Does not keep the process alive. */
  after(milliseconds: number, call: () => void): () => void
}

/** Of the runtime; it takes a longer one for none at all. */
const longestTimer = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (milliseconds, call) => {
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      timer = setTimeout(left > longestTimer ? () => wait(left - longestTimer) : call, Math.min(left, longestTimer))
      timer.unref()
    }
    wait(milliseconds)
    return () => clearTimeout(timer)
  },
}

/** Of one second many are made. */
let [lastSecond, lastText] = [Number.NaN, '']

/** RFC 3339 with seconds, as metav1.Time prints. */
export function timestamp(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000)
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastText
}

/** RFC 3339 with microseconds, as metav1.MicroTime prints. */
export const microTimestamp = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 23)}000Z`
