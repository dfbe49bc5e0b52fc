/** Moves everything that a store holds into an empty one, in the order in which it was last written. */
import type { Draft, GroupResource, KObject } from '#api/metadata.ts'
import type { Clock } from '#base/clock.ts'
import type { Kept, Store } from './contract.ts'

export interface Migration {
  readonly from: Store
  readonly to: Store
  readonly clock: Clock
  readonly onProgress: (done: number, total: number) => void
}

/** Why nothing, or not all, was moved; the message says what to do. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused'
}

const tellEvery = 500

/** @returns how many objects were moved and found again @throws MigrationRefused */
export async function migrate(migration: Migration): Promise<number> {
  const { from, to, clock, onProgress } = migration
  await Promise.all([from.fresh(), to.fresh()])
  const there = to.resources()
  if (there.length > 0)
    throw new MigrationRefused(
      `the target is not empty: it holds ${there.join(', ')}. Choose an empty one; nothing was changed`,
    )
  const stillness = watchOver(from)
  const all = everything(from).filter(kept => !isOver(kept, clock.now()))
  for (const [done, kept] of all.entries()) {
    if (done % tellEvery === 0) onProgress(done, all.length)
    await move(kept, to, clock)
  }
  onProgress(all.length, all.length)
  await Promise.all([from.fresh(), to.fresh()])
  if (await stillness())
    throw new MigrationRefused(
      'the source was written to meanwhile: stop every server that uses it, empty the target, and start again',
    )
  verify(all, everything(to), clock.now())
  return all.length
}

/** Says whether anything changed since that does not go by itself. */
function watchOver(store: Store): () => Promise<boolean> {
  let changed = false
  const stop = store.watch(store.resources(), store.revision(), {
    onEvents: events => {
      for (const { type, previous } of events) if (type === 'put' || !previous?.expires) changed = true
    },
    onEnd: () => (changed = true),
  })
  return async () => {
    await new Promise(resolve => setImmediate(resolve))
    stop()
    return changed
  }
}

const everything = (store: Store): readonly Kept[] =>
  store
    .resources()
    .flatMap(resource => [...store.snapshot(resource).range()])
    .sort((a, b) => a.revision - b.revision)

const isOver = ({ expires = 0 }: Kept, now: number): boolean => expires > 0 && expires <= now

async function move(kept: Kept, to: Store, clock: Clock): Promise<void> {
  const { resource, key, managed, expires = 0 } = kept
  const object = structuredClone(kept.object) as Draft<KObject>
  const ttl = expires === 0 ? {} : { ttl: Math.max(1, (expires - clock.now()) / 1000) }
  const result = await to.commit([{ type: 'put', resource, key, expect: 0, object, managed, ...ttl }])
  if (result.ok) return
  const why = 'message' in result ? result.message : result.reason
  throw new MigrationRefused(`${resource} ${key} was not taken (${why}): empty the target and start again`)
}

const nameOf = ({ resource, key }: { resource: GroupResource; key: string }): string => `${resource} ${key}`

/** The same objects in the same order. */
function verify(wanted: readonly Kept[], found: readonly Kept[], now: number): void {
  const there = new Set(found.map(nameOf))
  const expected = wanted.filter(kept => there.has(nameOf(kept)) || !isOver(kept, now + 60_000)).map(nameOf)
  const got = found.map(nameOf)
  const wrong = expected.findIndex((name, i) => got[i] !== name)
  if (wrong < 0 && got.length === expected.length) return
  throw new MigrationRefused(
    `the target holds ${got.length} objects where ${expected.length} were moved; the first that differs is ${expected[wrong] ?? got[expected.length] ?? ''}`,
  )
}
