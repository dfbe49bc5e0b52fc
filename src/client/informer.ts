/** A Reader over a client: one list+watch for each resource that somebody requires. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { type GroupResource, type KObject, type ResourceRef, groupResource, keyOf } from '#api/metadata.ts'
import type { Change, Index, Reader } from '#api/reader.ts'
import { type Cache, makeCache } from './cache.ts'
import { type Client, typed } from './client.ts'
import { type Followed, follow } from './reflect.ts'

export interface InformerParts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  /** Narrows what is followed of a resource, for example to an agent's own pods. */
  readonly narrow?: (ref: ResourceRef) => Omit<Followed, 'ref'>
}

export interface Informer extends Reader {
  stop(): Promise<void>
}

interface Waiter {
  readonly revision: number
  readonly resolve: () => void
}

interface Followee {
  readonly cache: Cache
  readonly filled: PromiseWithResolvers<void>
  readonly subscribers: Set<(changes: readonly Change[]) => void>
  waiters: Waiter[]
  revision: number
}

class Watching implements Informer {
  readonly #parts: InformerParts
  readonly #all = new Map<GroupResource, Followee>()
  readonly #abort = new AbortController()
  readonly #loops: Promise<void>[] = []

  constructor(parts: InformerParts) {
    this.#parts = parts
  }

  revision(): number {
    return Math.max(0, ...[...this.#all.values()].map(one => one.revision))
  }

  async reached(revision: number, resource?: GroupResource): Promise<void> {
    const one = resource === undefined ? undefined : this.#all.get(resource)
    const all = resource === undefined ? [...this.#all.values()] : one === undefined ? [] : [one]
    await Promise.all(
      all
        .filter(followee => followee.revision < revision)
        .map(followee => new Promise<void>(resolve => followee.waiters.push({ revision, resolve }))),
    )
  }

  get<O extends KObject>(ref: ResourceRef<O>, key: string): O | undefined {
    const object = this.#of(ref).cache.get(key)
    return object === undefined ? undefined : typed(ref, object)
  }

  list<O extends KObject>(ref: ResourceRef<O>, namespace?: string): readonly O[] {
    return this.#of(ref)
      .cache.list(namespace)
      .map(object => typed(ref, object))
  }

  byIndex<O extends KObject>(ref: ResourceRef<O>, index: string, value: string): readonly O[] {
    return this.#of(ref)
      .cache.byIndex(index, value)
      .map(object => typed(ref, object))
  }

  async require(resources: readonly ResourceRef[], indexes: readonly Index[] = []): Promise<void> {
    const wanted = resources.map(ref => this.#all.get(groupResource(ref)) ?? this.#begin(ref))
    for (const index of indexes) {
      const cache = this.#all.get(index.resource)?.cache
      if (cache?.hasIndex(index.name) === false) cache.addIndex(index)
    }
    await Promise.all(wanted.map(one => one.filled.promise))
  }

  subscribe(ref: ResourceRef, onChanges: (changes: readonly Change[]) => void): () => void {
    const followee = this.#of(ref)
    const subscriber = (changes: readonly Change[]): void => onChanges(changes)
    followee.subscribers.add(subscriber)
    const existing = followee.cache.list().map(object => ({
      type: 'put' as const,
      resource: followee.cache.resource,
      key: keyOf(object),
      object,
      previous: undefined,
      revision: Number(object.metadata.resourceVersion ?? 0),
    }))
    if (existing.length > 0) onChanges(existing)
    return () => void followee.subscribers.delete(subscriber)
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await Promise.all(this.#loops)
    for (const followee of this.#all.values()) {
      followee.filled.resolve()
      for (const { resolve } of followee.waiters) resolve()
    }
  }

  #of(ref: ResourceRef): Followee {
    const followee = this.#all.get(groupResource(ref))
    if (followee === undefined) throw new Error(`${groupResource(ref)} was not required`)
    return followee
  }

  #begin(ref: ResourceRef): Followee {
    const followee: Followee = {
      cache: makeCache(groupResource(ref)),
      filled: Promise.withResolvers(),
      subscribers: new Set(),
      waiters: [],
      revision: 0,
    }
    this.#all.set(groupResource(ref), followee)
    const signal = this.#abort.signal
    const loop = follow(
      { ref, ...this.#parts.narrow?.(ref) },
      { ...this.#parts, signal },
      {
        onList: (objects, revision) => {
          this.#tell(followee, followee.cache.replace(objects, Number(revision)), revision)
          followee.filled.resolve()
        },
        onEvents: (events, revision) => {
          const changes = events.map(({ type, object }) => {
            if (type === 'BOOKMARK') return undefined
            return type === 'DELETED' ? followee.cache.remove(keyOf(object), object) : followee.cache.put(object)
          })
          const real = changes.filter(change => change !== undefined)
          this.#tell(followee, real, revision)
        },
      },
    )
    this.#loops.push(loop)
    return followee
  }

  #tell(followee: Followee, changes: readonly Change[], revision: string): void {
    followee.revision = Math.max(followee.revision, Number(revision) || 0)
    if (changes.length > 0)
      for (const subscriber of followee.subscribers)
        try {
          subscriber(changes)
        } catch (error) {
          this.#parts.log.error('a subscriber failed', { resource: followee.cache.resource, error: String(error) })
        }
    const ready = followee.waiters.filter(waiter => waiter.revision <= followee.revision)
    followee.waiters = followee.waiters.filter(waiter => waiter.revision > followee.revision)
    for (const { resolve } of ready) resolve()
  }
}

export const makeInformer = (parts: InformerParts): Informer => new Watching(parts)
