/** Watch: the state or history first, then every change as it becomes durable. */
import type { WatchOptions } from '#api/door.ts'
import type { KObject } from '#api/metadata.ts'
import type { Scheme, Served } from '#api/kind.ts'
import type { Permit } from '#api/request.ts'
import { badRequest, expired } from '#api/status.ts'
import type { Event, Kept, Snapshot, Store } from '#server/store/contract.ts'
import { withMetadata } from './build.ts'
import { storageOf, unkept } from './create.ts'
import { type Filter, makeFilter } from './filter.ts'
import { parseRevision, reach, ready } from './list.ts'

export interface Seen {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly kept: Kept
}

/** Called synchronously; what it cannot take now it must buffer or give up on by stopping the watch. */
export interface WatchSink {
  readonly events: (events: readonly Seen[]) => void
  /** Nothing older than this revision will come. `initial`: the state at the start is complete. */
  readonly bookmark: (revision: number, initial: boolean) => void
  /** Absent: it takes all at once. Else resolves when there is room for more of the state at the start; false: nobody wants it. */
  readonly room?: () => Promise<boolean>
  /** The watch is over; `expired` says that history is gone. */
  readonly end: (why: 'expired' | 'closed' | 'failed') => void
}

export interface WatchInput {
  readonly permit: Permit
  readonly served: Served
  readonly options: WatchOptions
}

export interface Watching {
  stop(): void
  /** The newest revision that the watcher has been told of, or may be told of. */
  revision(): number
}

function check(options: WatchOptions): void {
  if (options.sendInitialEvents === undefined) {
    if (options.resourceVersionMatch !== undefined)
      throw badRequest('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
    return
  }
  if (options.resourceVersionMatch !== 'NotOlderThan')
    throw badRequest('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  if (options.allowWatchBookmarks !== true && options.sendInitialEvents)
    throw badRequest('sendInitialEvents requires allowWatchBookmarks')
}

/** @throws StatusError BadRequest, Expired, Timeout. */
export async function watch(store: Store, input: WatchInput, sink: WatchSink): Promise<Watching> {
  const { options, served } = input
  check(options)
  const filter = makeFilter({
    served,
    namespace: input.permit.namespace,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    ...(options.name === undefined ? {} : { name: options.name }),
  })
  const resource = storageOf(served.kind)
  const asked = parseRevision(options.resourceVersion)
  const stateFirst = options.sendInitialEvents ?? (asked === undefined || asked === 0)
  if (asked === undefined) await store.fresh()
  else if (asked > 0 && stateFirst) await reach(store, asked)
  const snapshot = store.snapshot(resource)
  if (stateFirst) await ready(snapshot, filter)
  const since = stateFirst ? await initial(snapshot, { filter, sink, options }) : (asked ?? store.revision())
  if (since < store.oldest() && !stateFirst) throw expired(`too old resource version: ${since} (${store.oldest()})`)
  // Before it is caught up, a bookmark at the store's revision would make a client skip what it has not been told.
  let live = false
  let told = since
  const deliver = (events: readonly Event[]): void => {
    told = events.at(-1)?.revision ?? told
    const seen = events.flatMap(event => translate(filter, event))
    if (seen.length > 0) sink.events(seen)
  }
  const inTurn = new InTurn(filter, deliver, () => sink.end('failed'))
  const stop = store.watch([resource], since, {
    onLive: () => {
      live = true
    },
    onEvents: events => inTurn.take(events),
    onEnd: sink.end,
  })
  return { stop, revision: () => (live && inTurn.idle ? Math.max(since, store.revision()) : told) }
}

/** As watch, until the kind changes in a way that old answers and new ones do not go together, or is gone. */
export async function watchWhileServed(
  { store, scheme }: { readonly store: Store; readonly scheme: Scheme },
  input: WatchInput,
  sink: WatchSink,
): Promise<Watching> {
  const { kind } = input.served
  const watching = await watch(store, input, sink)
  const over = (): void => {
    watching.stop()
    sink.end('closed')
  }
  const forget = scheme.replaced(kind, over)
  if (scheme.stored(kind.group, kind.plural) !== kind) queueMicrotask(over)
  return {
    stop: () => {
      forget()
      watching.stop()
    },
    revision: () => watching.revision(),
  }
}

/** Events whose objects the filter has to wait for wait in order; without such a filter they never do. */
class InTurn {
  readonly #filter: Filter
  readonly #deliver: (events: readonly Event[]) => void
  readonly #failed: () => void
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(filter: Filter, deliver: (events: readonly Event[]) => void, failed: () => void) {
    this.#filter = filter
    this.#deliver = deliver
    this.#failed = failed
  }

  get idle(): boolean {
    return this.#waiting === 0
  }

  take(events: readonly Event[]): void {
    const { prepare } = this.#filter
    if (prepare === undefined) return this.#deliver(events)
    this.#waiting++
    this.#last = this.#last
      .then(async () => {
        await prepare(
          events.flatMap(({ type, kept, previous }) => [
            ...(type === 'put' ? [kept.object] : []),
            ...(previous === undefined ? [] : [previous.object]),
          ]),
        )
        this.#waiting--
        this.#deliver(events)
      })
      .catch(() => this.#failed())
    return undefined
  }
}

interface Initial {
  readonly filter: Filter
  readonly sink: WatchSink
  readonly options: WatchOptions
}

/** Objects of the state that are handed on at once: the largest of them are less than any watcher may let wait. */
const some = 8

/** The state as it is, as additions; answers the revision it shows. */
async function initial(snapshot: Snapshot, { filter, sink, options }: Initial): Promise<number> {
  let state: Seen[] = []
  for (const kept of snapshot.range({ prefix: filter.prefix })) {
    if (filter.accepts !== undefined && !filter.accepts(kept.object)) continue
    state.push({ type: 'ADDED', kept })
    if (sink.room === undefined || state.length < some) continue
    sink.events(state)
    state = []
    if (!(await sink.room())) return snapshot.revision
  }
  if (state.length > 0) sink.events(state)
  if (options.sendInitialEvents === true) sink.bookmark(snapshot.revision, true)
  return snapshot.revision
}

/** Entering a selection is ADDED, leaving it DELETED with the previous object at the new revision. */
function translate(filter: Filter, event: Event): readonly Seen[] {
  if (!event.key.startsWith(filter.prefix)) return []
  const { accepts } = filter
  const was = event.previous !== undefined && (accepts === undefined || accepts(event.previous.object))
  if (event.type === 'delete') return was ? [{ type: 'DELETED', kept: event.kept }] : []
  const is = accepts === undefined || accepts(event.kept.object)
  if (is) return [{ type: was ? 'MODIFIED' : 'ADDED', kept: event.kept }]
  return was && event.previous !== undefined ? [{ type: 'DELETED', kept: left(event.previous, event.revision) }] : []
}

const left = (previous: Kept, revision: number): Kept => ({
  ...unkept({
    resource: previous.resource,
    key: previous.key,
    object: restamped(previous.object, revision),
    managed: previous.managed,
  }),
  revision,
})

const restamped = (object: KObject, revision: number) =>
  withMetadata(object, { ...object.metadata, resourceVersion: String(revision) })
