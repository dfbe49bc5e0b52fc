/** EventRateLimit: events are thrown away rather than let them drown everything else. */
import type { Event } from '#kinds/facts/generated/types/core_v1.ts'
import type { Clock } from '#base/clock.ts'
import { tooManyRequests } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, draftOf, isResource } from './step.ts'

export interface EventLimit {
  readonly type: 'Server' | 'Namespace' | 'User' | 'SourceAndObject'
  readonly qps: number
  readonly burst: number
  /** How many namespaces, users or sources are remembered; 4096 unless given. */
  readonly cacheSize?: number
}

const usualSize = 4096

/** Far beyond what a cluster says of itself: a flood is cut, and nobody's flood drowns what others have to say. */
export const usualEventLimits: readonly EventLimit[] = [
  { type: 'Server', qps: 2000, burst: 20_000 },
  { type: 'Namespace', qps: 500, burst: 10_000 },
  { type: 'SourceAndObject', qps: 10, burst: 200 },
]

const keyOf: Readonly<Record<EventLimit['type'], (request: AdmissionRequest) => string>> = {
  Server: () => '',
  Namespace: request => request.namespace,
  User: request => request.permit.user.name,
  SourceAndObject: request => {
    const { source = {}, involvedObject: about } = draftOf<Event>(request)
    return [source.component, source.host, about.kind, about.namespace, about.name, about.uid, about.apiVersion]
      .map(part => part ?? '')
      .join('')
  },
}

interface Bucket {
  tokens: number
  /** Monotonic milliseconds. */
  at: number
}

class Limiter {
  readonly #limit: EventLimit
  readonly #clock: Clock
  readonly #buckets = new Map<string, Bucket>()
  constructor(limit: EventLimit, clock: Clock) {
    this.#limit = limit
    this.#clock = clock
  }
  /** @returns the key whose limit is reached, undefined when there is room. */
  reached(request: AdmissionRequest): string | undefined {
    const key = keyOf[this.#limit.type](request)
    const bucket = this.#bucket(key)
    if (bucket.tokens < 1) return key
    bucket.tokens -= 1
    return undefined
  }
  #bucket(key: string): Bucket {
    const { burst, qps, cacheSize = usualSize } = this.#limit
    const now = this.#clock.monotonic()
    const had = this.#buckets.get(key) ?? { tokens: burst, at: now }
    had.tokens = Math.min(burst, had.tokens + ((now - had.at) / 1000) * qps)
    had.at = now
    this.#buckets.delete(key)
    this.#buckets.set(key, had)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > cacheSize && oldest !== undefined) this.#buckets.delete(oldest)
    return had
  }
}

export function eventRateLimit(limits: readonly EventLimit[], clock: Clock): Step {
  const limiters = limits.map(limit => ({ type: limit.type, limiter: new Limiter(limit, clock) }))
  return {
    name: 'EventRateLimit',
    handles: request =>
      !request.dryRun &&
      (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
      (isResource(request, '', 'events') || isResource(request, 'events.k8s.io', 'events')),
    judge: request => {
      // Each of them takes its token, as if it were alone.
      const texts = limiters.flatMap(({ type, limiter }) => {
        const key = limiter.reached(request)
        return key === undefined ? [] : [`limit reached on type ${type} for key ${key}`]
      })
      if (texts.length > 0) throw tooManyRequests(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`, 1)
    },
  }
}
