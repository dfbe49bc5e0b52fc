/**
 * A tiny API in memory for tests of controllers and agents: stores objects, counts revisions, keeps status apart,
 * honours finalizers, preconditions and grace of scheduled pods. No admission, validation, defaults or authorization.
 */
import { type Clock, timestamp } from '#base/clock.ts'
import type { Answer, DeleteOptions, DoorRequest, WatchEvent } from '#api/door.ts'
import { type Draft, type KObject, groupResource, keyOf, objectKey } from '#api/metadata.ts'
import type { Change } from '#api/reader.ts'
import { StatusError, alreadyExists, conflict, expired, modified, notFound } from '#api/status.ts'
import { type Cache, makeCache } from './cache.ts'
import type { Transport } from './client.ts'
import { thaw } from './thaw.ts'

type Request<V extends DoorRequest['verb']> = Extract<DoorRequest, { verb: V }>

export interface FakeApi {
  readonly transport: Transport
  readonly caches: ReadonlyMap<string, Cache>
  cache(resource: string): Cache
  revision(): number
  /** Called with every change, after it is kept. */
  listen(onChange: (change: Change) => void): () => void
  /** Throw to refuse a request. */
  before: (request: DoorRequest) => void
  /** Every write as one line. */
  readonly log: string[]
  /** Watches from before this revision are told Expired. */
  oldest: number
  /** Ends all watches, as a restart would. */
  endWatches(): void
}

const merge = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result = new Map(typeof target === 'object' && target !== null ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch))
    if (value === null) result.delete(key)
    else result.set(key, merge(result.get(key), value))
  return Object.fromEntries(result)
}

const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) freeze(inner)
  }
  return value
}

const asObject = (value: unknown): Draft<KObject> => value as Draft<KObject>
const part = (object: object, name: string): unknown => Object.entries(object).find(([key]) => key === name)?.[1]

class Fake implements FakeApi {
  readonly caches = new Map<string, Cache>()
  readonly log: string[] = []
  before: (request: DoorRequest) => void = () => undefined
  oldest = 0
  readonly #clock: Clock
  readonly #listeners = new Set<(change: Change) => void>()
  readonly #ends = new Set<() => void>()
  readonly #history: Change[] = []
  #revision = 1
  #serial = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  revision(): number {
    return this.#revision
  }
  cache(resource: string): Cache {
    const cache = this.caches.get(resource) ?? makeCache(resource)
    this.caches.set(resource, cache)
    return cache
  }
  listen(onChange: (change: Change) => void): () => void {
    this.#listeners.add(onChange)
    return () => void this.#listeners.delete(onChange)
  }
  endWatches(): void {
    for (const end of this.#ends) end()
  }

  readonly transport: Transport = async request => {
    await Promise.resolve()
    this.before(request)
    switch (request.verb) {
      case 'get':
        return answer(this.#kept(request))
      case 'list':
        return this.#list(request)
      case 'watch':
        return { type: 'watch', events: this.#watch(request) }
      case 'create':
        return this.#create(request)
      case 'update':
        return this.#update(request)
      case 'patch': {
        const body = asObject(merge(this.#kept(request), request.patch.content))
        return this.#update({ ...request, verb: 'update', body })
      }
      case 'delete':
        return this.#delete(request)
      case 'deletecollection': {
        for (const object of this.cache(groupResource(request)).list(request.namespace))
          this.#delete({ ...request, verb: 'delete', name: object.metadata.name ?? '' })
        return answer(done)
      }
    }
  }

  #kept(request: { group: string; resource: string; namespace?: string; name?: string }): KObject {
    const object = this.cache(groupResource(request)).get(objectKey(request.namespace, request.name ?? ''))
    if (object === undefined) throw notFound(request)
    return object
  }

  #list(request: Request<'list'>): Answer {
    const all = this.cache(groupResource(request)).list(request.namespace)
    const { limit = 0, continue: from = '0' } = request.options ?? {}
    const start = Number(from)
    const items = limit > 0 ? all.slice(start, start + limit) : all.slice(start)
    const next = start + items.length
    return {
      type: 'list',
      items,
      resourceVersion: String(this.#revision),
      ...(next < all.length ? { continue: String(next) } : {}),
    }
  }

  async *#watch(request: Request<'watch'>): AsyncGenerator<readonly WatchEvent[]> {
    const since = Number(request.options?.resourceVersion ?? 0)
    if (since < this.oldest) throw expired(`too old resource version: ${since} (${this.oldest})`)
    const resource = groupResource(request)
    let wake = Promise.withResolvers<void>()
    let ended = request.signal.aborted
    const end = (): void => {
      ended = true
      wake.resolve()
    }
    const stop = this.listen(() => wake.resolve())
    request.signal.addEventListener('abort', end)
    this.#ends.add(end)
    let at = this.#history.findIndex(change => change.revision > since)
    if (at < 0) at = this.#history.length
    while (!ended) {
      const fresh = this.#history.slice(at).filter(change => change.resource === resource)
      at = this.#history.length
      if (fresh.length > 0) yield fresh.map(eventOf)
      else await wake.promise
      if (at === this.#history.length) wake = Promise.withResolvers()
    }
    this.#ends.delete(end)
    stop()
  }

  #create(request: Request<'create'>): Answer {
    if (request.subresource !== undefined) return this.#post(request)
    const body = thaw(request.body)
    const serial = ++this.#serial
    const { generateName } = body.metadata
    body.metadata.name ??= `${generateName ?? ''}${serial.toString(36).padStart(5, '0')}`
    const key = keyOf(body)
    if (this.cache(groupResource(request)).get(key) !== undefined)
      throw alreadyExists({ ...request, name: body.metadata.name })
    body.metadata.uid = `uid-${serial}`
    body.metadata.creationTimestamp = timestamp(this.#clock.now())
    body.metadata.generation = 1
    this.log.push(`create ${groupResource(request)} ${key}`)
    return answer(this.#keep(groupResource(request), body))
  }

  #post(request: Request<'create'>): Answer {
    const kept = thaw(this.#kept(request))
    this.log.push(`create ${groupResource(request)}/${request.subresource ?? ''} ${keyOf(kept)}`)
    if (request.subresource === 'binding')
      this.#keep(
        groupResource(request),
        asObject(merge(kept, { spec: { nodeName: part(Object(part(request.body, 'target')), 'name') } })),
      )
    if (request.subresource === 'eviction')
      this.#delete({ ...request, verb: 'delete', name: request.name ?? '', options: {} })
    return answer(done)
  }

  #update(request: Request<'update'>): Answer {
    const old = this.#kept(request)
    const { resourceVersion, uid } = request.body.metadata
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) throw modified(request)
    if (uid !== undefined && uid !== old.metadata.uid) throw conflict(request, 'the UID differs')
    const next = this.#merged(old, thaw(request.body), request.subresource)
    const changed = JSON.stringify(next) !== JSON.stringify(old)
    if (!changed) return answer(old)
    const sub = request.subresource === undefined ? '' : `/${request.subresource}`
    this.log.push(`update ${groupResource(request)}${sub} ${keyOf(old)}`)
    const grace = next.metadata.deletionGracePeriodSeconds ?? 0
    const gone = next.metadata.deletionTimestamp !== undefined && grace === 0 && !held(next)
    if (gone) return answer(this.#drop(groupResource(request), keyOf(old)))
    return answer(this.#keep(groupResource(request), next))
  }

  #merged(old: KObject, body: Draft<KObject>, subresource: string | undefined): Draft<KObject> {
    const status = subresource === 'status'
    const from = thaw(old)
    if (subresource === 'finalize') return asObject({ ...from, spec: part(body, 'spec') })
    const base = status ? { ...from, status: part(body, 'status') } : { ...body, status: part(from, 'status') }
    const specChanged = JSON.stringify(part(body, 'spec')) !== JSON.stringify(part(old, 'spec'))
    const metadata = {
      ...(status ? from.metadata : { ...body.metadata, uid: old.metadata.uid }),
      resourceVersion: old.metadata.resourceVersion,
      creationTimestamp: old.metadata.creationTimestamp,
      deletionTimestamp: old.metadata.deletionTimestamp,
      generation: (old.metadata.generation ?? 0) + (!status && specChanged ? 1 : 0),
    }
    return asObject(thaw({ ...from, ...base, metadata }))
  }

  #delete(request: Request<'delete'>): Answer {
    const old = thaw(this.#kept(request))
    const resource = groupResource(request)
    check(request, old, request.options)
    const policy = request.options?.propagationPolicy
    const added = policy === 'Foreground' ? ['foregroundDeletion'] : policy === 'Orphan' ? ['orphan'] : []
    const graceful =
      resource === 'pods' &&
      part(Object(part(old, 'spec')), 'nodeName') !== undefined &&
      request.options?.gracePeriodSeconds !== 0
    this.log.push(`delete ${resource} ${keyOf(old)}`)
    if (added.length === 0 && !held(old) && !graceful) {
      this.#drop(resource, keyOf(old))
      return answer(done)
    }
    if (old.metadata.deletionTimestamp !== undefined) return answer(old)
    old.metadata.deletionTimestamp = timestamp(this.#clock.now())
    if (graceful) old.metadata.deletionGracePeriodSeconds = request.options?.gracePeriodSeconds ?? 30
    const finalizers = [...(old.metadata.finalizers ?? []), ...added]
    if (finalizers.length > 0) old.metadata.finalizers = finalizers
    return answer(this.#keep(resource, old))
  }

  #keep(resource: string, body: Draft<KObject>): KObject {
    body.metadata.resourceVersion = String(++this.#revision)
    const change = this.cache(resource).put(freeze(thaw(body)))
    this.#tell(change)
    return body
  }

  #drop(resource: string, key: string): KObject {
    const last = thaw(this.cache(resource).get(key))
    if (last === undefined) throw new Error(`${key} is gone`)
    last.metadata.resourceVersion = String(++this.#revision)
    this.#tell(this.cache(resource).remove(key, freeze(last)))
    return last
  }

  #tell(change: Change | undefined): void {
    if (change === undefined) return
    this.#history.push(change)
    for (const listener of this.#listeners) listener(change)
  }
}

/** Finalizers of any object, and those that namespaces keep in their spec. */
const held = (object: KObject): boolean => {
  const inSpec = part(Object(part(object, 'spec')), 'finalizers')
  return (object.metadata.finalizers?.length ?? 0) > 0 || (Array.isArray(inSpec) && inSpec.length > 0)
}

function check(request: Request<'delete'>, old: KObject, options: DeleteOptions | undefined): void {
  const { uid, resourceVersion } = options?.preconditions ?? {}
  if (uid !== undefined && uid !== old.metadata.uid) throw conflict(request, 'the UID differs')
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) throw modified(request)
}

const done: KObject = { apiVersion: 'v1', kind: 'Status', metadata: {} }
const answer = (object: KObject): Answer => ({ type: 'object', code: 200, object })

const eventOf = (change: Change): WatchEvent => ({
  type: change.type === 'delete' ? 'DELETED' : change.previous === undefined ? 'ADDED' : 'MODIFIED',
  object: change.object,
})

export const makeFakeApi = (clock: Clock): FakeApi => new Fake(clock)

export const refusal = (reason: ConstructorParameters<typeof StatusError>[0]['reason'], message: string): StatusError =>
  new StatusError({ reason, message })
