import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from './contract.ts'
import { HandClock, dataOf, decode, done, put, remove, shown, until, write } from './conformance/harness.ts'
import { MigrationRefused, migrate } from './migrate.ts'
import { openMemoryStore } from './memory.ts'

const clock = new HandClock()
const open = (): Store => openMemoryStore({ decode, clock, freeze: true })

async function filled(): Promise<Store> {
  const store = open()
  for (const key of ['b/x', 'a/x', 'c/x']) await write(store, key, `first of ${key}`)
  await done(store.commit([put('a/x', 'second', { managed: '[{"manager":"m"}]' })]))
  await done(
    store.commit([put('s', 'secret', { resource: 'secrets' }), put('e', 'event', { resource: 'events', ttl: 100 })]),
  )
  await done(store.commit([remove('c/x')]))
  await done(store.commit([put('big', '', { resource: 'others' })]))
  return store
}

test('everything comes over in the order it was written', async () => {
  const [from, to] = [await filled(), open()]
  const told: string[] = []
  assert.equal(await migrate({ from, to, clock, onProgress: (done, total) => void told.push(`${done}/${total}`) }), 5)
  assert.deepEqual(told, ['0/5', '5/5'])
  assert.deepEqual(shown(to.snapshot('things')), ['a/x=second@3', 'b/x=first of b/x@2'])
  assert.equal(to.snapshot('things').get('a/x')?.managed, '[{"manager":"m"}]')
  assert.equal(dataOf(to.snapshot('secrets').get('s')), 'secret')
  clock.move(101_000)
  await until(() => to.snapshot('events').size === 0)
})

test('a target that holds something is left alone', async () => {
  const [from, to] = [await filled(), open()]
  await write(to, 'theirs')
  await assert.rejects(migrate({ from, to, clock, onProgress: () => undefined }), /not empty: it holds things/)
  assert.equal(to.snapshot('things').size, 1)
})

test('a source that moves, and a target that fails, are told', async () => {
  const [from, to] = [await filled(), open()]
  const moving = migrate({ from, to, clock, onProgress: done => void (done === 0 && write(from, 'late')) })
  await assert.rejects(
    moving,
    (error: unknown) => error instanceof MigrationRefused && /written to meanwhile/.test(error.message),
  )
  const full: Store = Object.assign(Object.create(open()) as Store, {
    fresh: async () => undefined,
    resources: () => [],
    commit: async () => ({ ok: false, reason: 'full', message: 'no room' }),
  })
  await assert.rejects(migrate({ from, to: full, clock, onProgress: () => undefined }), /no room.*empty the target/)
})
