/** The audit of one server: who is heard, where it goes, and what is counted. */
import type { Clock } from '#base/clock.ts'
import type { Policy } from '#kinds/facts/generated/types/audit_v1.ts'
import type { Call } from './call.ts'
import { defaultPolicy } from './default-policy.ts'
import { makeJudge } from './match.ts'
import type { Level, Stage } from './policy.ts'
import type { AuditRecord } from './record.ts'
import type { Lost, Mode, Sink } from './sink.ts'
import { Trail, type TrailParts, unrecorded } from './trail.ts'

export interface Backend {
  readonly sink: Sink
  readonly mode: Mode
}

export interface AuditOptions {
  /** Absent: the usual one, by which also everything that is refused is on record. */
  readonly policy?: Policy | undefined
  /** Whether whoever is refused is on record, whatever the policy says: where it is the usual one, unless said otherwise. */
  readonly refusals?: boolean
  readonly clock: Clock
  /** @param lost where they count what they lose */
  readonly backends: (lost: Lost) => readonly Backend[]
}

export interface Audit {
  open(call: Call): Trail
  /** Whether our own components' reads are judged at all. */
  readonly reads: boolean
  /** Prometheus' text format. */
  metrics(): Iterable<string>
  /** Everything is where it belongs when this resolves. */
  close(): Promise<void>
}

class Counts {
  events = 0
  rejected = 0
  readonly levels = new Map<Level, number>()
  readonly errors = new Map<string, number>()
  lost(sink: string, events: number): void {
    this.errors.set(sink, (this.errors.get(sink) ?? 0) + events)
  }
  judged(level: Level): void {
    this.levels.set(level, (this.levels.get(level) ?? 0) + 1)
  }
  *lines(): Generator<string> {
    yield '# TYPE apiserver_audit_event_total counter'
    yield `apiserver_audit_event_total ${this.events}`
    yield '# TYPE apiserver_audit_requests_rejected_total counter'
    yield `apiserver_audit_requests_rejected_total ${this.rejected}`
    yield '# TYPE apiserver_audit_level_total counter'
    for (const [level, count] of this.levels) yield `apiserver_audit_level_total{level="${level}"} ${count}`
    yield '# TYPE apiserver_audit_error_total counter'
    for (const [plugin, count] of this.errors) yield `apiserver_audit_error_total{plugin="${plugin}"} ${count}`
  }
}

/** Requests of nobody that are on record in a second. */
const mostStrangers = 50

function strangers(now: () => number): TrailParts['stranger'] {
  let [second, heard, unheard] = [0, 0, 0]
  return () => {
    const current = Math.floor(now() / 1000)
    if (current !== second) [second, heard] = [current, 0]
    if (heard >= mostStrangers) {
      unheard++
      return { heard: false, unheard }
    }
    heard++
    const told = { heard: true, unheard }
    unheard = 0
    return told
  }
}

export function makeAudit(options: AuditOptions): Audit {
  const { clock, policy } = options
  const counts = new Counts()
  const backends = options.backends((sink, events) => counts.lost(sink, events))
  const waited = backends.filter(({ mode }) => mode !== 'batch')
  const strict = waited.filter(({ mode }) => mode === 'blocking-strict')

  const refused = async (): Promise<void> => {
    counts.rejected++
    throw unrecorded()
  }
  /** Resolves when all that are waited for have what they were given. @throws StatusError */
  const written = async (of: readonly Backend[]): Promise<void> => {
    const done = await Promise.all(of.map(async one => (await one.sink.flush()) || one.mode !== 'blocking-strict'))
    if (!done.every(Boolean)) await refused()
  }
  const take = (record: AuditRecord, stage: Stage): Promise<void> | undefined => {
    counts.events++
    let missing = false
    for (const { sink, mode } of backends) if (!sink.put(record) && mode === 'blocking-strict') missing = true
    if (stage !== 'RequestReceived' || waited.length === 0) return undefined
    return missing ? refused() : written(waited)
  }
  const keeping = backends.flatMap(({ sink }) => (sink.written === undefined ? [] : [sink]))
  const [keeper] = keeping
  const settled = (): Promise<unknown> | undefined =>
    keeping.length < 2 ? keeper?.written?.() : Promise.all(keeping.flatMap(sink => sink.written?.() ?? []))
  const parts: TrailParts = {
    judge: makeJudge(policy ?? defaultPolicy(waited.length > 0)),
    refusals: options.refusals ?? policy === undefined,
    now: () => clock.now(),
    judged: level => counts.judged(level),
    take,
    settled,
    ready: () => (strict.some(({ sink }) => sink.failing) ? written(strict) : undefined),
    stranger: strangers(() => clock.now()),
  }
  return {
    open: call => new Trail(parts, call),
    reads: policy !== undefined,
    metrics: () => counts.lines(),
    close: async () => {
      await Promise.all(backends.map(({ sink }) => sink.close()))
    },
  }
}
