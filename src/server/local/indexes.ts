/** Indexes over a store's objects: each is kept once, however many components declare it. */
import type { KObject } from '#api/metadata.ts'
import type { Index } from '#api/reader.ts'
import type { Store } from '#server/store/contract.ts'

/** Kept up to date before any subscriber hears of a change: it watches before anybody can subscribe through it. */
class Indexed {
  readonly #of: Index['of']
  readonly #entries = new Map<string, Map<string, KObject>>()
  constructor(of: Index['of']) {
    this.#of = of
  }
  apply(key: string, before: KObject | undefined, after: KObject | undefined): void {
    if (before !== undefined) for (const value of this.#of(before)) this.#remove(value, key)
    if (after !== undefined) for (const value of this.#of(after)) this.#put(value, key, after)
  }
  get(value: string): readonly KObject[] {
    return [...(this.#entries.get(value)?.values() ?? [])]
  }
  #remove(value: string, key: string): void {
    const keys = this.#entries.get(value)
    keys?.delete(key)
    if (keys?.size === 0) this.#entries.delete(value)
  }
  #put(value: string, key: string, object: KObject): void {
    const keys = this.#entries.get(value)
    if (keys === undefined) this.#entries.set(value, new Map([[key, object]]))
    else keys.set(key, object)
  }
}

interface Shared {
  readonly index: Index
  readonly indexed: Indexed
  readonly stop: () => void
  holders: number
}

const shared = new WeakMap<Store, Set<Shared>>()

export interface HeldIndex {
  get(value: string): readonly KObject[]
  /** The last one to let go ends it. */
  release(): void
}

function begin(store: Store, index: Index): Shared {
  const indexed = new Indexed(index.of)
  const snapshot = store.snapshot(index.resource)
  for (const { key, object } of snapshot.range()) indexed.apply(key, undefined, object)
  const stop = store.watch([index.resource], snapshot.revision, {
    coalesce: true,
    onEvents: events => {
      for (const { type, key, kept, previous } of events)
        indexed.apply(key, previous?.object, type === 'put' ? kept.object : undefined)
    },
    onEnd: () => undefined,
  })
  return { index, indexed, stop, holders: 0 }
}

/** Two are the same when they say the same of the same objects, by the same function. */
export function holdIndex(store: Store, index: Index): HeldIndex {
  const all = shared.get(store) ?? new Set<Shared>()
  shared.set(store, all)
  const same = [...all].find(one => one.index.resource === index.resource && one.index.of === index.of)
  const own = same ?? begin(store, index)
  all.add(own)
  own.holders++
  let held = true
  return {
    get: value => own.indexed.get(value),
    release: () => {
      if (!held) return
      held = false
      if (--own.holders > 0) return
      own.stop()
      all.delete(own)
    },
  }
}
