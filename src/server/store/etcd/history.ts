/** Old changes out of etcd itself, for watches and lists that go back further than memory: from before this server started, too. */
import type { Log } from '#base/log.ts'
import type { Change } from '../entry.ts'
import { Entry, LastBody } from '../entry.ts'
import type { History, HistoryPart, HistoryRequest } from '../journal.ts'
import type { EtcdClient } from './client.ts'
import { deletion } from './codes.ts'
import { toEntry, type Located, type Opening } from './entries.ts'
import { Outbox } from './outbox.ts'
import type { Paths } from './paths.ts'
import type { Event, KeyValue, WatchRequest, WatchResponse } from './rpc.gen.ts'
import { progressIsSound } from './versions.ts'

export interface HistoryParts {
  readonly client: EtcdClient
  readonly paths: Paths
  readonly opening: Opening
  readonly log: Log
  /** Waited for before events are taken; undefined where there is nothing to wait for. */
  readonly before?: (events: readonly Event[]) => Promise<void> | undefined
}

type Message = Pick<WatchRequest, 'requestUnion'>

const changesPerPart = 512
/** Milliseconds. */
const patience = 20_000
/** Milliseconds: etcd answers about progress only when all is sent. */
const askAgain = 30
const progress = { requestUnion: { case: 'progressRequest', value: {} } } as Message

export class EtcdHistory implements History {
  readonly #parts: HistoryParts

  constructor(parts: HistoryParts) {
    this.#parts = parts
  }

  /** Where the end of the old changes cannot be told for sure they count as expired. */
  async read(request: HistoryRequest): Promise<HistoryPart | 'expired'> {
    const { peer } = this.#parts.client
    if (!(await progressIsSound(peer))) return 'expired'
    const outbox = new Outbox<Message>()
    outbox.push(this.#create(request))
    const asking = setInterval(() => outbox.push(progress), askAgain)
    const ending = new AbortController()
    const limit = setTimeout(() => ending.abort(), patience)
    const gathering = new Gathering(request, this.#parts)
    try {
      for await (const response of peer.watch.watch(outbox, { signal: ending.signal })) {
        await this.#parts.before?.(response.events)
        const done = gathering.take(response)
        if (done !== undefined) return done
      }
      throw new Error('the stream of old changes ended')
    } finally {
      clearInterval(asking)
      clearTimeout(limit)
      outbox.end()
      ending.abort()
    }
  }

  #create({ resources, after }: HistoryRequest): Message {
    const { paths } = this.#parts
    const [only, ...others] = resources
    const range = only !== undefined && others.length === 0 ? paths.resource(only) : paths.all
    const value = { ...range, startRevision: BigInt(after + 1), prevKv: true, fragment: true }
    return { requestUnion: { case: 'createRequest', value } } as Message
  }
}

class Gathering {
  readonly #request: HistoryRequest
  readonly #parts: HistoryParts
  readonly #changes: Change[] = []
  #revision = 0
  #place = 0

  constructor(request: HistoryRequest, parts: HistoryParts) {
    this.#request = request
    this.#parts = parts
  }

  take(response: WatchResponse): HistoryPart | 'expired' | undefined {
    const { until } = this.#request
    if (response.canceled) {
      if (response.compactRevision > 0n) return 'expired'
      throw new Error(`the watch was refused: ${response.cancelReason}`)
    }
    for (const event of response.events) {
      const revision = Number(event.kv?.modRevision ?? 0n)
      if (revision > until) return this.#part(until)
      if (revision !== this.#revision && this.#changes.length >= changesPerPart) return this.#part(this.#revision)
      if (this.#add(event, revision) === 'expired') return 'expired'
    }
    const told = response.events.length === 0 && !response.created && !response.fragment
    return told ? this.#part(until) : undefined
  }

  #part(through: number): HistoryPart {
    return { changes: this.#changes, through }
  }

  #add(event: Event, revision: number): 'expired' | undefined {
    this.#place = revision === this.#revision ? this.#place + 1 : 0
    this.#revision = revision
    const { kv, prevKv, type } = event
    const at = kv === undefined ? undefined : this.#parts.paths.place(kv.key)
    if (kv === undefined || at?.type !== 'value' || !this.#request.resources.includes(at.resource)) return undefined
    const place: Located = { ...at, place: this.#place }
    const gone = type === deletion
    // What was there before is compacted, or the deletion stands for nothing that we know.
    if (prevKv === undefined && (gone || kv.version > 1n)) return 'expired'
    const previous = prevKv === undefined ? undefined : this.#entry(prevKv, { ...place, place: 0 })
    const kept = gone ? deleted(previous, revision, place) : this.#entry(kv, place)
    if (kept === undefined) return undefined
    const { resource, key } = place
    this.#changes.push({ type: gone ? 'delete' : 'put', resource, key, revision, kept, previous })
    return undefined
  }

  #entry(kv: KeyValue, at: Located): Entry | undefined {
    try {
      return toEntry(kv, at, this.#parts.opening)
    } catch (error) {
      this.#parts.log.error('an old value in etcd is not whole', {
        key: `${at.resource}/${at.key}`,
        error: String(error),
      })
      return undefined
    }
  }
}

function deleted(previous: Entry | undefined, revision: number, { resource, key, place }: Located): Entry | undefined {
  if (previous === undefined) return undefined
  const identity = { resource, key, revision, place, version: previous.version + 1, expires: 0 }
  return new Entry(identity, new LastBody(previous, revision, false))
}
