/** Events of the feed become changes in memory. */
import type { Log } from '#base/log.ts'
import type { Durable } from '../durable.ts'
import { Entry, LastBody, type Body, type Change } from '../entry.ts'
import { deletion } from './codes.ts'
import { toEntry, type Located, type Opening } from './entries.ts'
import type { Paths } from './paths.ts'
import type { Event, KeyValue } from './rpc.gen.ts'

export interface TakingParts {
  readonly paths: Paths
  readonly durable: Durable
  readonly opening: Opening
  readonly log: Log
  /** The body that a writer of this server gave for a value. */
  readonly body: (
    mark: string,
    at: { readonly resource: string; readonly key: string; readonly revision: number },
  ) => Body | undefined
  /** Something below `.bulwark/` changed; undefined when it is gone. */
  readonly onOwn: (name: string, kv: KeyValue | undefined) => void
}

export class Taking {
  readonly #parts: TakingParts

  constructor(parts: TakingParts) {
    this.#parts = parts
  }

  /** Whole transactions, in order. Everybody sees them when this returns. */
  take(events: readonly Event[]): void {
    const { paths, durable } = this.#parts
    const changes: Change[] = []
    const latest = new Map<string, Entry | undefined>()
    let [revision, place, bytes] = [0, 0, 0]
    for (const { kv, type } of events) {
      if (kv === undefined) continue
      const at = paths.place(kv.key)
      place = Number(kv.modRevision) === revision ? place + 1 : 0
      revision = Number(kv.modRevision)
      if (at.type === 'own') this.#parts.onOwn(at.name, type === deletion ? undefined : kv)
      if (at.type !== 'value') continue
      const name = `${at.resource}/${at.key}`
      const previous = latest.has(name) ? latest.get(name) : durable.shelf(at.resource).tree.get(at.key)
      const put = type === deletion ? undefined : this.#opened(kv, { ...at, place })
      const change = put === undefined ? this.#gone(previous, revision, place) : changeOf(put, previous)
      latest.set(name, put)
      bytes += kv.value.length
      if (change !== undefined) changes.push(change)
    }
    if (changes.length > 0) durable.apply(changes, revision, bytes)
    else durable.advance(revision)
  }

  /** Undefined where it is not whole: who can write such a value could as well have removed it, so it counts as removed. */
  #opened(kv: KeyValue, at: Located): Entry | undefined {
    const { opening, body, log } = this.#parts
    const { resource, key } = at
    try {
      const found = (mark: string): Body | undefined => body(mark, { resource, key, revision: Number(kv.modRevision) })
      return toEntry(kv, at, { ...opening, body: found })
    } catch (error) {
      log.error('a value in etcd is not whole and counts as removed', {
        key: `${resource}/${key}`,
        error: String(error),
      })
      return undefined
    }
  }

  #gone(previous: Entry | undefined, revision: number, place: number): Change | undefined {
    if (previous === undefined) return undefined
    const { resource, key, version } = previous
    const body = new LastBody(previous, revision, this.#parts.opening.reading.frozen)
    const kept = new Entry({ resource, key, revision, place, version: version + 1, expires: 0 }, body)
    return { type: 'delete', resource, key, revision, kept, previous }
  }
}

const changeOf = (kept: Entry, previous: Entry | undefined): Change => {
  const { resource, key, revision } = kept
  return { type: 'put', resource, key, revision, kept, previous }
}
