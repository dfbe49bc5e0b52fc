/** Records events (core/v1) as upstream's recorder does in spirit: the same one is counted, similar ones are combined, a flood is dropped. */
import { type Clock, timestamp } from '#base/clock.ts'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import { isReason } from '#api/status.ts'
import type { Client } from './client.ts'
import type { Notice } from './controller.ts'

export interface ObjectReference {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly uid?: string
  readonly apiVersion: string
  readonly resourceVersion?: string
  readonly fieldPath?: string
}

export interface CoreEvent extends KObject {
  readonly involvedObject: ObjectReference
  readonly reason: string
  readonly message: string
  readonly source: { readonly component: string; readonly host?: string }
  readonly firstTimestamp: string
  readonly lastTimestamp: string
  readonly count: number
  readonly type: string
  readonly reportingComponent: string
  readonly reportingInstance: string
}

export const events: ResourceRef<CoreEvent> = {
  group: '',
  version: 'v1',
  resource: 'events',
  kind: 'Event',
  namespaced: true,
}

export interface RecorderParts {
  readonly client: Client
  readonly clock: Clock
  /** As `source.component`, for example `replicaset-controller`. */
  readonly component: string
  /** Node name of an agent. */
  readonly host?: string
  /** Of what could not be recorded. Events are never retried for long: they are hints. */
  readonly onLost?: (error: unknown) => void
}

export interface Recorder {
  /** Never throws and never waits. `fieldPath` narrows the object, for example to a container. */
  record(notice: Notice, fieldPath?: string): void
  /** Resolves when all that was recorded is sent. */
  flush(): Promise<void>
}

const combineAfter = 10
const forgetAfter = 600_000
const burst = 25
const refillEvery = 300_000
const kept = 4096
const waitingMost = 5000
const lanes = 16

const laneOf = (subject: string): number => {
  let hash = 0
  for (let at = 0; at < subject.length; at++) hash = (hash * 31 + subject.charCodeAt(at)) >>> 0
  return hash % lanes
}

interface Similar {
  readonly messages: Set<string>
  last: number
}
interface Sent {
  readonly name: string
  count: number
}
interface Bucket {
  tokens: number
  at: number
}

/** A Map that forgets what was used least recently. */
class Recent<V> {
  readonly #map = new Map<string, V>()
  take(key: string, make: () => V): V {
    const value = this.#map.get(key) ?? make()
    this.#map.delete(key)
    this.#map.set(key, value)
    const [oldest] = this.#map.keys()
    if (this.#map.size > kept && oldest !== undefined) this.#map.delete(oldest)
    return value
  }
  drop(key: string): void {
    this.#map.delete(key)
  }
}

export const referenceTo = (object: KObject, fieldPath?: string): ObjectReference => ({
  kind: object.kind,
  ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  name: object.metadata.name ?? '',
  ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
  apiVersion: object.apiVersion,
  ...(object.metadata.resourceVersion === undefined ? {} : { resourceVersion: object.metadata.resourceVersion }),
  ...(fieldPath === undefined ? {} : { fieldPath }),
})

/** Decides what a notice becomes: dropped, a new event, or a higher count of one already sent. */
class Correlator {
  readonly #similar = new Recent<Similar>()
  readonly #sent = new Recent<Sent>()
  readonly #buckets = new Recent<Bucket>()
  #serial = 0

  /** False when this object's events have used up their rate. */
  admit(subject: string, now: number): boolean {
    const bucket = this.#buckets.take(subject, () => ({ tokens: burst, at: now }))
    const refill = Math.floor((now - bucket.at) / refillEvery)
    bucket.tokens = Math.min(burst, bucket.tokens + refill)
    bucket.at += refill * refillEvery
    if (bucket.tokens === 0) return false
    bucket.tokens--
    return true
  }

  /** The message under which it is counted: its own, or that of all similar ones once there are many. */
  message(group: string, message: string, now: number): string {
    const similar = this.#similar.take(group, () => ({ messages: new Set(), last: now }))
    if (now - similar.last > forgetAfter) similar.messages.clear()
    similar.last = now
    if (similar.messages.size < combineAfter) similar.messages.add(message)
    return similar.messages.size < combineAfter ? message : `(combined from similar events): ${message}`
  }

  count(key: string, subject: string, now: number): Sent {
    const sent = this.#sent.take(key, () => ({ name: this.#name(subject, now), count: 0 }))
    sent.count++
    return sent
  }

  forget(key: string): void {
    this.#sent.drop(key)
  }

  #name(subject: string, now: number): string {
    this.#serial++
    return `${subject}.${(BigInt(now) * 1_000_000n + BigInt(this.#serial % 1_000_000)).toString(16)}`
  }
}

export function makeRecorder(parts: RecorderParts): Recorder {
  const correlator = new Correlator()
  // Events of one object keep their order; those of others need not wait for them.
  const queues: Promise<void>[] = Array.from({ length: lanes }, () => Promise.resolve())
  let waiting = 0
  return {
    record: (notice, fieldPath) => {
      const about = referenceTo(notice.about, fieldPath)
      const now = parts.clock.now()
      const subject = JSON.stringify([about.kind, about.namespace, about.name, about.uid, about.apiVersion])
      if (waiting >= waitingMost || !correlator.admit(subject, now)) return
      waiting++
      const lane = laneOf(subject)
      queues[lane] = (queues[lane] ?? Promise.resolve())
        .then(() => send(parts, correlator, { notice, about, now, subject }))
        .catch((error: unknown) => parts.onLost?.(error))
        .finally(() => waiting--)
    },
    flush: async () => {
      await Promise.all(queues)
    },
  }
}

interface Item {
  readonly notice: Notice
  readonly about: ObjectReference
  readonly now: number
  readonly subject: string
}

async function send(parts: RecorderParts, correlator: Correlator, item: Item): Promise<void> {
  const { notice, about, now } = item
  const group = JSON.stringify([item.subject, about.fieldPath, notice.type, notice.reason])
  const message = correlator.message(group, notice.message, now)
  const key = JSON.stringify([group, message.startsWith('(combined') ? '' : message])
  const { name, count } = correlator.count(key, about.name, now)
  const namespace = about.namespace ?? 'default'
  const lastTimestamp = timestamp(now)
  const annotated = notice.annotations === undefined ? {} : { annotations: notice.annotations }
  if (count > 1) {
    try {
      // Of those that are combined the last is told of, by its message and by what goes with it.
      const content = { count, lastTimestamp, message, metadata: annotated }
      await parts.client.patch(events, `${namespace}/${name}`, { type: 'merge', content })
      return
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
      correlator.forget(key)
      return await send(parts, correlator, item)
    }
  }
  const { component, host } = parts
  await parts.client.create(events, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace, ...annotated },
    involvedObject: about,
    reason: notice.reason,
    message,
    source: { component, ...(host === undefined ? {} : { host }) },
    firstTimestamp: lastTimestamp,
    lastTimestamp,
    count: 1,
    type: notice.type,
    reportingComponent: component,
    reportingInstance: host ?? '',
  })
}
