/** How late the event loop is: what a request waits for although nobody asked for it. Names are prom-client's. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const name = 'nodejs_eventloop_lag'
/** Milliseconds between two looks. */
const resolution = 10

export interface LoopDelay {
  /** Since the last call. */
  lines(): Iterable<string>
  stop(): void
}

export function watchLoop(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  return {
    lines: function* () {
      // A timer is late by what it was set to: only the rest is delay.
      const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolution / 1e3)
      for (const [suffix, value] of [
        ['p50', histogram.percentile(50)],
        ['p99', histogram.percentile(99)],
        ['max', histogram.max],
      ] as const) {
        yield `# TYPE ${name}_${suffix}_seconds gauge`
        yield `${name}_${suffix}_seconds ${seconds(value)}`
      }
      histogram.reset()
    },
    stop: () => void histogram.disable(),
  }
}
