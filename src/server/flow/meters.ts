/** Counters of flow control under upstream's names. */
import type { FlowSchema } from '#kinds/facts/generated/types/flowcontrol_v1.ts'
import type { Level } from './levels.ts'

export interface Meters {
  dispatched(schema: FlowSchema, level: string): void
  /** @param reason `queue-full`, `concurrency-limit`, `time-out` or `cancelled` */
  rejected(schema: FlowSchema, level: string, reason: string): void
  lines(levels: Iterable<Level<unknown>>): Iterable<string>
}

const prefix = 'apiserver_flowcontrol'
const quoted = (text: string): string => JSON.stringify(text)

const count = (counters: Map<string, number>, key: string): void => void counters.set(key, (counters.get(key) ?? 0) + 1)

function* counterLines(name: string, counters: ReadonlyMap<string, number>): Generator<string> {
  yield `# TYPE ${prefix}_${name} counter`
  for (const [labels, value] of counters) yield `${prefix}_${name}{${labels}} ${value}`
}

function* gaugeLines(name: string, values: readonly (readonly [string, number])[]): Generator<string> {
  yield `# TYPE ${prefix}_${name} gauge`
  for (const [level, value] of values) yield `${prefix}_${name}{priority_level=${quoted(level)}} ${value}`
}

export function makeMeters(): Meters {
  const dispatched = new WeakMap<FlowSchema, string>()
  const done = new Map<string, number>()
  const refused = new Map<string, number>()
  const labelsOf = (schema: FlowSchema, level: string): string => {
    const known = dispatched.get(schema)
    if (known !== undefined) return known
    const made = `flow_schema=${quoted(schema.metadata.name ?? '')},priority_level=${quoted(level)}`
    dispatched.set(schema, made)
    return made
  }
  return {
    dispatched: (schema, level) => count(done, labelsOf(schema, level)),
    rejected: (schema, level, reason) => count(refused, `${labelsOf(schema, level)},reason=${quoted(reason)}`),
    lines: function* (levels) {
      const all = [...levels]
      yield* counterLines('dispatched_requests_total', done)
      yield* counterLines('rejected_requests_total', refused)
      yield* gaugeLines(
        'current_executing_seats',
        all.map(one => [one.name, one.used]),
      )
      yield* gaugeLines(
        'current_inqueue_requests',
        all.map(one => [one.name, one.queues?.waiting ?? 0]),
      )
      yield* gaugeLines(
        'nominal_limit_seats',
        all.map(one => [one.name, one.limits.nominal]),
      )
    },
  }
}
