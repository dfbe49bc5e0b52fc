/** A watch over HTTP: frames as events become durable, bookmarks, an end without an error for who is too slow. */
import { Breaks, pause } from '#base/breaks.ts'
import type { Clock } from '#base/clock.ts'
import type { Served } from '#api/kind.ts'
import { apiVersionOf } from '#api/metadata.ts'
import { StatusError, expired } from '#api/status.ts'
import { stringifyJson } from '#codec/json.ts'
import type { Kept } from '#server/store/contract.ts'
import type { Seen, WatchSink, Watching } from '#server/registry/watch.ts'
import { drained } from './parts.ts'
import { type Response, common, gone, write } from './respond.ts'
import { writeShared } from './shared-chunk.ts'

export interface Framing {
  readonly contentType: string
  readonly event: (type: Seen['type'], kept: Kept) => Uint8Array
  readonly other: (type: 'BOOKMARK' | 'ERROR', object: object) => Uint8Array
}

export const jsonOther = (type: string, object: object): Uint8Array =>
  Buffer.from(`{"type":"${type}","object":${stringifyJson(object)}}\n`)

export interface WatchSettings {
  readonly served: Served
  readonly framing: Framing
  readonly clock: Clock
  readonly bookmarks: boolean
  /** Seconds; a random time from 30 to 60 minutes when the client gives none. */
  readonly timeout: number
  /** Called once the answer has begun. */
  readonly begun?: (() => void) | undefined
}

/** A client that lets this many bytes wait is too slow. */
const patience = 16 * 1024 * 1024
/** Milliseconds in which a client takes what it was sent before the end; whoever reads nothing keeps no memory. */
const lastPatience = 30_000
/** Bytes of the state at the start that wait at a time. */
const gathered = 256 * 1024
/** Portions of it after which others have their turn. */
const turn = 16
/** Milliseconds between bookmarks. */
const interval = 60_000

function bookmark(served: Served, revision: number, initial: boolean): object {
  return {
    kind: served.kind.kind,
    apiVersion: apiVersionOf({ group: served.kind.group, version: served.version.name }),
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  }
}

let last: { readonly frames: readonly Uint8Array[]; readonly bytes: Uint8Array } = {
  frames: [],
  bytes: Buffer.alloc(0),
}

/** More are the state at the start of one watch, which nobody shares. */
const mostJoined = 32

/** Frames in one piece. A thousand watchers of a kind get the same frames, one after the other: they are joined once. */
function joined(frames: readonly Uint8Array[]): Uint8Array {
  if (frames.length > mostJoined) return Buffer.concat(frames)
  if (frames.length !== last.frames.length || frames.some((frame, at) => frame !== last.frames[at]))
    last = { frames, bytes: Buffer.concat(frames) }
  return last.bytes
}

/** Resolves when the watch is over. @throws StatusError before anything was written. */
export async function streamWatch(
  response: Response,
  start: (sink: WatchSink) => Promise<Watching>,
  settings: WatchSettings,
): Promise<void> {
  const { framing, clock } = settings
  const { promise: over, resolve } = Promise.withResolvers<void>()
  let finished = false
  const finish = (): void => {
    finished = true
    resolve()
  }
  const cancels: (() => void)[] = []
  const breaks = new Breaks(pause, turn)
  let open = false
  let watching: Watching | undefined
  const begin = (): void => {
    if (open || gone(response)) return
    open = true
    common(response, 200, { 'content-type': framing.contentType })
    if ('flushHeaders' in response) response.flushHeaders()
    else response.stream.respond({ ...response.getHeaders(), ':status': 200 })
    settings.begun?.()
  }
  const put = (bytes: Uint8Array): void => {
    if (gone(response) || response.writableEnded) return
    begin()
    // The state at the start waits for the response's `drain`; later nobody does.
    if (watching === undefined) write(response, bytes)
    else writeShared(response, bytes)
    if (response.writableLength > patience) finish()
  }
  const sink: WatchSink = {
    events: seen => {
      if (seen.length === 1 && seen[0] !== undefined) put(framing.event(seen[0].type, seen[0].kept))
      else put(joined(seen.map(one => framing.event(one.type, one.kept))))
    },
    bookmark: (revision, initial) => put(framing.other('BOOKMARK', bookmark(settings.served, revision, initial))),
    // The state at the start may be larger than what a client may let wait, and others want their turn meanwhile.
    room: async () => {
      if (response.writableLength > gathered) await Promise.race([drained(response), over])
      await breaks.after(1)
      return !finished
    },
    end: why => {
      if (why === 'expired')
        put(framing.other('ERROR', expired('The resourceVersion for the provided watch is too old.').status()))
      finish()
    },
  }
  response.on('close', finish)
  if (gone(response)) finish()
  cancels.push(
    clock.after(settings.timeout * 1000, () => {
      if (settings.bookmarks && watching !== undefined) sink.bookmark(watching.revision(), false)
      finish()
    }),
  )
  try {
    watching = await started(start, sink)
    begin()
    if (watching !== undefined) {
      const running = watching
      const tick = (): void => {
        sink.bookmark(running.revision(), false)
        cancels.push(clock.after(interval, tick))
      }
      if (settings.bookmarks) cancels.push(clock.after(interval, tick))
      await over
    }
  } finally {
    watching?.stop()
    for (const cancel of cancels) cancel()
  }
  end(response, clock)
}

/** Ends the answer, and the connection of a client that does not take the end. */
function end(response: Response, clock: Clock): void {
  if (!gone(response))
    response.once(
      'close',
      clock.after(lastPatience, () => response.destroy()),
    )
  response.end()
}

/** History that is gone is told in the stream, as upstream does; every other refusal is an ordinary answer. */
async function started(start: (sink: WatchSink) => Promise<Watching>, sink: WatchSink): Promise<Watching | undefined> {
  try {
    return await start(sink)
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'Expired') throw error
    sink.end('expired')
    return undefined
  }
}
