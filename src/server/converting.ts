/** Objects in the version that somebody speaks. Where a webhook converts, it is asked beforehand; what follows never waits. */
import type { KindVersion, Served } from '#api/kind.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { internalError } from '#api/status.ts'
import { copy } from '#server/registry/build.ts'
import type { Kept } from '#server/store/contract.ts'
import type { WatchSink, Watching } from '#server/registry/watch.ts'
import type { Outcome } from './outcome.ts'

/** The object in the version that is asked for. Shared with everybody. */
export function inVersion(object: KObject, { version }: Served): KObject {
  const { converted, fromHub } = version
  if (converted === undefined) return fromHub === undefined ? object : fromHub(copy(object))
  const found = converted(object)
  if (found === undefined) throw internalError(`an object was not converted to ${version.name} beforehand`)
  return found
}

/** To be awaited where it gives a promise; then `inVersion` has an answer for these objects. */
export function prepared({ kind, version }: Served, objects: readonly KObject[]): Promise<unknown> | undefined {
  if (kind.convert === undefined || objects.every(object => version.converted?.(object) !== undefined)) return undefined
  return kind.convert(objects, version.name)
}

/** The body in the hub's form. */
export function toHub({ kind, version }: Served, body: Draft<KObject>): Draft<KObject> | Promise<Draft<KObject>> {
  if (kind.convert === undefined || version.name === kind.hub) return version.toHub?.(body) ?? body
  return kind.convert([body], kind.hub).then(([made = body]) => copy(made))
}

const soles = new WeakMap<KindVersion, Served>()

/** The kind as if this were its only version: fields are owned in one version where conversion has to be asked for. */
export function alone({ kind, version }: Served, name = version.name): Served {
  const wanted = kind.versions.find(one => one.name === name) ?? kind.unserved ?? version
  if (kind.convert === undefined) return { kind, version }
  const known = soles.get(wanted)
  if (known !== undefined) return known
  const made = { kind: { ...kind, hub: wanted.name, versions: [wanted] }, version: wanted }
  soles.set(wanted, made)
  return made
}

/** An outcome whose objects can be encoded at once. @throws StatusError */
export function encodable(outcome: Outcome): Outcome | Promise<Outcome> {
  if (outcome.type === 'made' || outcome.served.kind.convert === undefined) return outcome
  const { served } = outcome
  if (outcome.type === 'watch') return { ...outcome, start: sink => convertingWatch(served, sink, outcome.start) }
  const kept = outcome.type === 'kept' ? [outcome.kept] : outcome.listed.items
  const waiting = prepared(
    served,
    kept.map(one => one.object),
  )
  return waiting === undefined ? outcome : waiting.then(() => outcome)
}

/** Events wait for their objects, and everything else for the events before it. */
async function convertingWatch(
  served: Served,
  sink: WatchSink,
  start: (sink: WatchSink) => Promise<Watching>,
): Promise<Watching> {
  let last: Promise<void> = Promise.resolve()
  let waiting = 0
  let told = 0
  let over = false
  const then = (act: () => unknown): void => {
    waiting++
    last = last
      .then(() => (over ? undefined : act()))
      .then(
        () => void waiting--,
        () => {
          over = true
          sink.end('failed')
        },
      )
  }
  const watching = await start({
    events: seen =>
      then(async () => {
        await prepared(
          served,
          seen.map(one => one.kept.object),
        )
        if (over) return
        sink.events(seen)
        told = newest(seen.map(one => one.kept)) ?? told
      }),
    bookmark: (revision, initial) => then(() => sink.bookmark(revision, initial)),
    end: why => then(() => sink.end(why)),
  })
  return {
    stop: () => {
      over = true
      watching.stop()
    },
    revision: () => (waiting === 0 ? watching.revision() : told),
  }
}

const newest = (kept: readonly Kept[]): number | undefined => kept.at(-1)?.revision
