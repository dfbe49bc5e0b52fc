/** What an informer holds of one resource: objects by key, by namespace and by declared indexes. */
import { type GroupResource, type KObject, keyOf } from '#api/metadata.ts'
import type { Change, Index } from '#api/reader.ts'

export interface Cache {
  readonly resource: GroupResource
  get(key: string): KObject | undefined
  list(namespace?: string): readonly KObject[]
  byIndex(index: string, value: string): readonly KObject[]
  addIndex(index: Index): void
  hasIndex(name: string): boolean
  /** The change that it makes, undefined when it is none. */
  put(object: KObject): Change | undefined
  remove(key: string, last: KObject | undefined): Change | undefined
  /** Makes the content exactly this, as after a relist at `revision`. */
  replace(objects: readonly KObject[], revision: number): readonly Change[]
}

type Bucket = Map<string, KObject>

/** Objects under several values each. */
class Buckets {
  readonly #of: (object: KObject) => readonly string[]
  readonly #buckets = new Map<string, Bucket>()
  constructor(of: (object: KObject) => readonly string[]) {
    this.#of = of
  }
  add(key: string, object: KObject): void {
    for (const value of this.#of(object)) {
      const bucket = this.#buckets.get(value)
      if (bucket === undefined) this.#buckets.set(value, new Map([[key, object]]))
      else bucket.set(key, object)
    }
  }
  remove(key: string, object: KObject): void {
    for (const value of this.#of(object)) {
      const bucket = this.#buckets.get(value)
      bucket?.delete(key)
      if (bucket?.size === 0) this.#buckets.delete(value)
    }
  }
  get(value: string): readonly KObject[] {
    const bucket = this.#buckets.get(value)
    return bucket === undefined ? [] : sorted(bucket)
  }
}

/** Names are ASCII, so comparing code units compares bytes. */
const sorted = (bucket: Bucket): readonly KObject[] =>
  [...bucket].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, object]) => object)

const revisionOf = (object: KObject): number => Number(object.metadata.resourceVersion ?? 0)

export function makeCache(resource: GroupResource): Cache {
  const all: Bucket = new Map()
  const namespaces = new Buckets(object => [object.metadata.namespace ?? ''])
  const indexes = new Map<string, Buckets>()
  const everywhere = () => [namespaces, ...indexes.values()]
  const set = (key: string, object: KObject, previous: KObject | undefined): void => {
    for (const buckets of everywhere()) {
      if (previous !== undefined) buckets.remove(key, previous)
      buckets.add(key, object)
    }
    all.set(key, object)
  }
  const cache: Cache = {
    resource,
    get: key => all.get(key),
    list: namespace => (namespace === undefined ? sorted(all) : namespaces.get(namespace)),
    byIndex: (name, value) => {
      const index = indexes.get(name)
      if (index === undefined) throw new Error(`index ${name} of ${resource} was not declared`)
      return index.get(value)
    },
    hasIndex: name => indexes.has(name),
    addIndex: index => {
      const buckets = new Buckets(index.of)
      for (const [key, object] of all) buckets.add(key, object)
      indexes.set(index.name, buckets)
    },
    put: object => {
      const key = keyOf(object)
      const previous = all.get(key)
      if (previous?.metadata.resourceVersion === object.metadata.resourceVersion && previous !== undefined)
        return undefined
      set(key, object, previous)
      return { type: 'put', resource, key, object, previous, revision: revisionOf(object) }
    },
    remove: (key, last) => {
      const previous = all.get(key)
      if (previous === undefined) return undefined
      for (const buckets of everywhere()) buckets.remove(key, previous)
      all.delete(key)
      const object = last ?? previous
      return { type: 'delete', resource, key, object, previous, revision: revisionOf(object) }
    },
    replace: (objects, revision) => {
      const keep = new Set(objects.map(keyOf))
      const gone = [...all.keys()].filter(key => !keep.has(key))
      const changes = [...gone.map(key => cache.remove(key, undefined)), ...objects.map(object => cache.put(object))]
      return changes
        .filter(change => change !== undefined)
        .map(change => (change.type === 'delete' ? { ...change, revision } : change))
    },
  }
  return cache
}
