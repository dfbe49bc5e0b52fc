import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KObject } from '#api/metadata.ts'
import type { Kind } from '#api/kind.ts'
import type { Permit } from '#api/request.ts'
import type { WatchOptions } from '#api/door.ts'
import type { Clock } from '#base/clock.ts'
import type { Store, Watcher } from '#server/store/contract.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { watch } from './watch.ts'

const clock: Clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined }
const version = { name: 'v1', schema: () => assert.fail('not read') }
const kind: Kind = {
  group: '',
  kind: 'Thing',
  listKind: 'ThingList',
  plural: 'things',
  singular: 'thing',
  shortNames: [],
  categories: [],
  scope: 'Namespaced',
  versions: [version],
  hub: 'v1',
  verbs: ['watch'],
  generation: 0,
  status: false,
  counted: false,
  unconditionalUpdate: true,
  createOnUpdate: false,
  custom: false,
  columns: [],
}
const permit = { namespace: 'a', name: '', resource: 'things', group: '', version: 'v1' } as Permit

const memory = () => openMemoryStore({ clock, freeze: true, decode: (_, text): KObject => JSON.parse(text) })
const put = (store: Store, name: string, labels: Record<string, string>) => {
  const object = { apiVersion: 'v1', kind: 'Thing', metadata: { name, namespace: 'a', labels } }
  return store.commit([{ type: 'put', resource: 'things', key: `a/${name}`, managed: '', object }])
}

async function watched(store: Store, options: WatchOptions) {
  const seen: string[] = []
  const watching = await watch(
    store,
    { permit, served: { kind, version }, options },
    {
      events: events =>
        events.forEach(({ type, kept: { object } }) =>
          seen.push(
            `${type} ${object.metadata.name} ${object.metadata.labels?.['v']}@${object.metadata.resourceVersion}`,
          ),
        ),
      bookmark: (revision, initial) => void seen.push(`BOOKMARK${initial ? ' initial' : ''}@${revision}`),
      end: why => void seen.push(why),
    },
  )
  return { seen, watching, settled: () => new Promise(resolve => setImmediate(resolve)) }
}

test('entering a selection is ADDED, leaving it DELETED as it was, at the new revision', async () => {
  const store = memory()
  const { seen, settled } = await watched(store, { labelSelector: 'in=yes' })
  await put(store, 'x', { in: 'no', v: '1' })
  await put(store, 'x', { in: 'yes', v: '2' })
  await put(store, 'x', { in: 'yes', v: '3' })
  await put(store, 'x', { in: 'no', v: '4' })
  await put(store, 'x', { in: 'no', v: '5' })
  await put(store, 'x', { in: 'yes', v: '6' })
  await store.commit([{ type: 'delete', resource: 'things', key: 'a/x' }])
  await settled()
  assert.deepEqual(seen, ['ADDED x 2@3', 'MODIFIED x 3@4', 'DELETED x 3@5', 'ADDED x 6@7', 'DELETED x 6@8'])
  await store.close()
  assert.equal(seen.at(-1), 'closed')
})

test('state first, then a bookmark that says so, then changes; from a revision, changes alone', async () => {
  const store = memory()
  await put(store, 'x', { v: '1' })
  await put(store, 'y', { v: '2' })
  const first = { resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true, sendInitialEvents: true } as const
  const streamed = await watched(store, first)
  const later = await watched(store, { resourceVersion: '2' })
  const newest = await watched(store, { ...first, sendInitialEvents: false })
  await put(store, 'x', { v: '3' })
  await streamed.settled()
  assert.deepEqual(streamed.seen, ['ADDED x 1@2', 'ADDED y 2@3', 'BOOKMARK initial@3', 'MODIFIED x 3@4'])
  assert.deepEqual(later.seen, ['ADDED y 2@3', 'MODIFIED x 3@4'])
  assert.deepEqual(newest.seen, ['MODIFIED x 3@4'])
  await store.close()
})

test('history that is gone is told before anything else', async () => {
  const store = memory()
  for (const v of ['1', '2', '3']) await put(store, 'x', { v })
  await store.compact(4)
  await assert.rejects(watched(store, { resourceVersion: '2' }), { reason: 'Expired', code: 410 })
  await store.close()
})

test('a bookmark never runs ahead of what the watcher was told', async () => {
  const store = memory()
  for (const v of ['1', '2', '3']) await put(store, 'x', { v })
  let watcher: Watcher | undefined
  const slow: Store = Object.assign(Object.create(store), {
    watch: (_: unknown, __: number, given: Watcher) => {
      watcher = given
      return () => undefined
    },
    revision: () => store.revision(),
    oldest: () => store.oldest(),
    fresh: () => store.fresh(),
    snapshot: (resource: string) => store.snapshot(resource),
  })
  const { watching } = await watched(slow, { resourceVersion: '2' })
  assert.equal(watching.revision(), 2)
  const [kept] = [...store.snapshot('things').range()]
  assert.ok(kept !== undefined && watcher !== undefined)
  watcher.onEvents([{ type: 'put', resource: 'things', key: 'a/x', revision: 3, kept, previous: undefined }])
  assert.equal(watching.revision(), 3)
  watcher.onLive?.()
  assert.equal(watching.revision(), 4)
  await store.close()
})

test('options that contradict each other are refused', async () => {
  const store = memory()
  const bad: readonly WatchOptions[] = [
    { resourceVersionMatch: 'NotOlderThan' },
    { sendInitialEvents: true, allowWatchBookmarks: true },
    { sendInitialEvents: true, allowWatchBookmarks: true, resourceVersionMatch: 'Exact' },
    { resourceVersion: 'x' },
    { fieldSelector: 'spec.nothing=1' },
    { labelSelector: '!!' },
  ]
  for (const options of bad) await assert.rejects(watched(store, options), { reason: 'BadRequest' })
  await store.close()
})
