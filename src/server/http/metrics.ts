/** Request metrics under upstream's stable names. */
import type { Attributes, Verb } from '#api/request.ts'
import { Counter, Histogram, labelText } from '#base/metrics.ts'

const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

export interface Metrics {
  readonly observe: (asked: Attributes | undefined, code: number, seconds: number) => void
  /** Prometheus' text format. */
  text(): string
}

/** Upstream's metrics say the method where it differs from the verb. */
const upstreamVerbs: Readonly<Partial<Record<Verb, string>>> = { create: 'POST', update: 'PUT' }

function labelsOf(asked: Attributes): string {
  const scope = asked.name !== '' ? 'resource' : asked.namespace === '' ? 'cluster' : 'namespace'
  return labelText([
    ['component', 'apiserver'],
    ['group', asked.group],
    ['resource', asked.resource],
    ['scope', scope],
    ['subresource', asked.subresource],
    ['verb', upstreamVerbs[asked.verb] ?? asked.verb.toUpperCase()],
    ['version', asked.version],
  ])
}

const known = new Map<string, string>()

/** The label sets of real traffic repeat for ever: each is written once. */
function labels(asked: Attributes): string {
  const id = `${asked.verb} ${asked.group} ${asked.version} ${asked.resource} ${asked.subresource} ${asked.name === ''} ${asked.namespace === ''}`
  const had = known.get(id)
  if (had !== undefined) return had
  const made = labelsOf(asked)
  if (known.size < most) known.set(id, made)
  return made
}

/** As many as are counted at all. */
const most = 5000

export function makeMetrics(): Metrics {
  const requests = new Counter('apiserver_request_total')
  const durations = new Histogram('apiserver_request_duration_seconds', buckets)
  return {
    observe: (asked, code, seconds) => {
      if (asked?.resourceRequest !== true) return
      const set = labels(asked)
      requests.add(`${set},code="${code}"`)
      if (asked.verb !== 'watch') durations.measure(set, seconds)
    },
    text: () =>
      [
        ...requests.lines(),
        ...durations.lines(),
        '# TYPE process_resident_memory_bytes gauge',
        `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
        '',
      ].join('\n'),
  }
}
