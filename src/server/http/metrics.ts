/** Request metrics under upstream's stable names. */
import type { Attributes, Verb } from '#api/request.ts'

const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

interface Histogram {
  readonly counts: number[]
  sum: number
  count: number
}

export interface Metrics {
  readonly observe: (asked: Attributes | undefined, code: number, seconds: number) => void
  /** Prometheus' text format. */
  text(): string
}

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** Upstream's metrics say the method where it differs from the verb. */
const upstreamVerbs: Readonly<Partial<Record<Verb, string>>> = { create: 'POST', update: 'PUT' }

function labelsOf(asked: Attributes): string {
  const scope = asked.name !== '' ? 'resource' : asked.namespace === '' ? 'cluster' : 'namespace'
  return [
    ['component', 'apiserver'],
    ['group', asked.group],
    ['resource', asked.resource],
    ['scope', scope],
    ['subresource', asked.subresource],
    ['verb', upstreamVerbs[asked.verb] ?? asked.verb.toUpperCase()],
    ['version', asked.version],
  ]
    .map(([name = '', value = '']) => `${name}="${escape(value)}"`)
    .join(',')
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

/** Label sets are bounded: a client that invents resources does not fill our memory. */
const most = 5000

function count(counters: Map<string, number>, key: string): void {
  if (counters.size < most || counters.has(key)) counters.set(key, (counters.get(key) ?? 0) + 1)
}

function measure(histograms: Map<string, Histogram>, key: string, seconds: number): void {
  let histogram = histograms.get(key)
  if (histogram === undefined) {
    if (histograms.size >= most) return
    histogram = { counts: buckets.map(() => 0), sum: 0, count: 0 }
    histograms.set(key, histogram)
  }
  histogram.sum += seconds
  histogram.count++
  const at = buckets.findIndex(bound => seconds <= bound)
  if (at >= 0) histogram.counts[at] = (histogram.counts[at] ?? 0) + 1
}

function* histogramLines(name: string, histograms: ReadonlyMap<string, Histogram>): Generator<string> {
  yield `# TYPE ${name} histogram`
  for (const [labels, { counts, sum, count: total }] of histograms) {
    let below = 0
    for (const [at, bound] of buckets.entries())
      yield `${name}_bucket{${labels},le="${bound}"} ${(below += counts[at] ?? 0)}`
    yield `${name}_bucket{${labels},le="+Inf"} ${total}`
    yield `${name}_sum{${labels}} ${sum}`
    yield `${name}_count{${labels}} ${total}`
  }
}

export function makeMetrics(): Metrics {
  const requests = new Map<string, number>()
  const durations = new Map<string, Histogram>()
  return {
    observe: (asked, code, seconds) => {
      if (asked?.resourceRequest !== true) return
      const set = labels(asked)
      count(requests, `${set},code="${code}"`)
      if (asked.verb !== 'watch') measure(durations, set, seconds)
    },
    text: () =>
      [
        '# TYPE apiserver_request_total counter',
        ...Array.from(requests, ([labels, value]) => `apiserver_request_total{${labels}} ${value}`),
        ...histogramLines('apiserver_request_duration_seconds', durations),
        '# TYPE process_resident_memory_bytes gauge',
        `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
        '',
      ].join('\n'),
  }
}
