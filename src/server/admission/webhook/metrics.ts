/** How webhooks do, under upstream's names. */
import { Counter, Histogram, labelText } from '#base/metrics.ts'

const seconds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]

export interface Seen {
  readonly name: string
  readonly type: 'admit' | 'validating'
  readonly operation: string
  readonly seconds: number
  /** What the webhook's turn came to. */
  readonly end: 'allowed' | 'refused' | 'failed' | 'failed open'
  /** HTTP code of the refusal, 200 where there was none. */
  readonly code: number
}

export interface HookMetrics {
  observe(seen: Seen): void
  lines(): Iterable<string>
}

export function makeHookMetrics(): HookMetrics {
  const durations = new Histogram('apiserver_admission_webhook_admission_duration_seconds', seconds)
  const requests = new Counter('apiserver_admission_webhook_request_total')
  const rejections = new Counter('apiserver_admission_webhook_rejection_count')
  const open = new Counter('apiserver_admission_webhook_fail_open_count')
  return {
    observe: seen => {
      const { name, type, operation } = seen
      const rejected = String(seen.end === 'refused' || seen.end === 'failed')
      durations.measure(
        labelText([
          ['name', name],
          ['operation', operation],
          ['rejected', rejected],
          ['type', type],
        ]),
        seen.seconds,
      )
      requests.add(
        labelText([
          ['code', String(seen.code)],
          ['name', name],
          ['operation', operation],
          ['rejected', rejected],
          ['type', type],
        ]),
      )
      if (seen.end === 'failed open')
        open.add(
          labelText([
            ['name', name],
            ['type', type],
          ]),
        )
      if (rejected === 'true')
        rejections.add(
          labelText([
            ['error_type', seen.end === 'failed' ? 'calling_webhook_error' : 'no_error'],
            ['name', name],
            ['operation', operation],
            ['rejection_code', String(seen.code)],
            ['type', type],
          ]),
        )
    },
    lines: function* () {
      for (const metric of [durations, requests, rejections, open]) yield* metric.lines()
    },
  }
}
