/** Reading the store's own objects in process: no copy, no queue, one state for all. */
import { type GroupResource, type KObject, type ResourceRef, groupResource } from '#api/metadata.ts'
import type { Change, Index, Reader } from '#api/reader.ts'
import type { Scheme } from '#api/kind.ts'
import type { User } from '#api/request.ts'
import type { Authorize } from '#server/authz/authorize.ts'
import { type HeldIndex, holdIndex } from './indexes.ts'
import { storageOf } from '#server/registry/create.ts'
import type { Event, Store } from '#server/store/contract.ts'

const asChange = (event: Event): Change => ({
  type: event.type,
  resource: event.resource,
  key: event.key,
  object: event.kept.object,
  previous: event.previous?.object,
  revision: event.revision,
})

const converted = new WeakMap<readonly Event[], readonly Change[]>()

/** Of one batch the same for everybody who is told. */
function asChanges(events: readonly Event[]): readonly Change[] {
  const known = converted.get(events)
  if (known !== undefined) return known
  const changes = events.map(asChange)
  converted.set(events, changes)
  return changes
}

class StoreReader implements Reader {
  readonly #store: Store
  readonly #scheme: Scheme
  readonly #indexes = new Map<string, HeldIndex>()
  readonly #granted = new Set<GroupResource>()
  readonly #stops = new Set<() => void>()
  readonly #allowed: (ref: ResourceRef) => Promise<void>
  constructor(store: Store, scheme: Scheme, allowed: (ref: ResourceRef) => Promise<void>) {
    this.#store = store
    this.#scheme = scheme
    this.#allowed = allowed
  }
  /** Nobody reads here what they were not allowed to list and watch. */
  #stored(ref: ResourceRef): GroupResource {
    if (!this.#granted.has(groupResource(ref))) throw new Error(`${groupResource(ref)} was read without being required`)
    const kind = this.#scheme.stored(ref.group, ref.resource)
    return kind === undefined ? groupResource(ref) : storageOf(kind)
  }
  revision(): number {
    return this.#store.revision()
  }
  async reached(revision: number): Promise<void> {
    while (!(await this.#store.reached(revision, 60_000)));
  }
  get<O extends KObject>(ref: ResourceRef<O>, key: string): O | undefined {
    return this.#store.snapshot(this.#stored(ref)).get(key)?.object as O | undefined
  }
  list<O extends KObject>(ref: ResourceRef<O>, namespace?: string): readonly O[] {
    const range = this.#store
      .snapshot(this.#stored(ref))
      .range(namespace === undefined ? {} : { prefix: `${namespace}/` })
    return Array.from(range, kept => kept.object as O)
  }
  byIndex<O extends KObject>(ref: ResourceRef<O>, index: string, value: string): readonly O[] {
    const indexed = this.#indexes.get(`${groupResource(ref)} ${index}`)
    if (indexed === undefined) throw new Error(`index ${index} of ${groupResource(ref)} was not declared`)
    return indexed.get(value) as readonly O[]
  }
  async require(resources: readonly ResourceRef[], indexes: readonly Index[] = []): Promise<void> {
    for (const ref of resources) {
      await this.#allowed(ref)
      this.#granted.add(groupResource(ref))
    }
    for (const index of indexes) this.#add(index)
  }
  #add(index: Index): void {
    const id = `${index.resource} ${index.name}`
    if (this.#indexes.has(id)) return
    const held = holdIndex(this.#store, index)
    this.#indexes.set(id, held)
    this.#stops.add(() => held.release())
  }
  subscribe(ref: ResourceRef, onChanges: (changes: readonly Change[]) => void): () => void {
    const resource = this.#stored(ref)
    const snapshot = this.#store.snapshot(resource)
    const state = Array.from(snapshot.range(), (kept): Change => ({
      type: 'put',
      resource,
      key: kept.key,
      object: kept.object,
      previous: undefined,
      revision: kept.revision,
    }))
    if (state.length > 0) onChanges(state)
    return this.#watch(resource, snapshot.revision, events => onChanges(asChanges(events)))
  }
  #watch(resource: GroupResource, since: number, onEvents: (events: readonly Event[]) => void): () => void {
    const stop = this.#store.watch([resource], since, { coalesce: true, onEvents, onEnd: () => undefined })
    this.#stops.add(stop)
    return () => {
      this.#stops.delete(stop)
      stop()
    }
  }
  close(): void {
    for (const stop of this.#stops) stop()
  }
}

export interface LocalReader extends Reader {
  close(): void
}

export interface ReaderOptions {
  readonly store: Store
  readonly scheme: Scheme
  readonly authorize: Authorize
  /** Whose rights `require` checks: list and watch, cluster-wide. */
  readonly who: User
}

export function makeReader({ store, scheme, authorize, who }: ReaderOptions): LocalReader {
  return new StoreReader(store, scheme, async ref => {
    for (const verb of ['list', 'watch'] as const)
      await authorize(who, {
        verb,
        resourceRequest: true,
        group: ref.group,
        version: ref.version,
        resource: ref.resource,
        subresource: '',
        namespace: '',
        name: '',
      })
  })
}
