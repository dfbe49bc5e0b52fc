/** Ranges, pages, older revisions, time to live, compaction. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Notes, at, done, keys, put, remove, shown, until, withStore, write, type Open } from './harness.ts'

function ranging(open: Open): void {
  test('keys are in the order of their bytes, prefixes and pages too', () =>
    withStore(open, async ({ store }) => {
      const all = ['a-b/x', 'a/x', 'a/y', 'a/z', 'a0/x', 'b/x', 'é/x', '\uffee/x', '\u{1f600}/x']
      for (const key of all.toReversed()) await write(store, key)
      const snapshot = store.snapshot('things')
      assert.deepEqual(keys(snapshot), all)
      assert.deepEqual(keys(snapshot, { prefix: 'a/' }), ['a/x', 'a/y', 'a/z'])
      assert.deepEqual(keys(snapshot, { prefix: 'a/', after: 'a/x' }), ['a/y', 'a/z'])
      assert.deepEqual(keys(snapshot, { prefix: 'b/', after: 'a/x' }), ['b/x'])
      assert.deepEqual(keys(snapshot, { prefix: 'a/', after: 'b' }), [])
      assert.deepEqual(keys(snapshot, { after: '\uffee/x' }), ['\u{1f600}/x'])
      assert.deepEqual([snapshot.count(), snapshot.size], [all.length, all.length])
      assert.equal(snapshot.count({ prefix: 'a/', after: 'a/x' }), 2)
      assert.equal(snapshot.count({ prefix: 'é' }), 1)
      assert.deepEqual(keys(store.snapshot('nothing')), [])
    }))

  test('pages of one list show one revision', () =>
    withStore(open, async ({ store }) => {
      for (let i = 10; i < 40; i++) await write(store, `k${i}`, 'old')
      const { revision } = store.snapshot('things')
      const pages: string[] = []
      for (let after: string | undefined = ''; after !== undefined;) {
        const page: readonly string[] = shown(await at(store, revision), { after }).slice(0, 7)
        pages.push(...page)
        after = page.at(-1)?.split('=')[0]
        await done(store.commit([remove(`k${10 + pages.length - 1}`)])).catch(() => undefined)
        await write(store, `k${10 + pages.length - 1}/new`, 'new')
        await write(store, `k${39 - pages.length / 7}`, 'changed')
      }
      assert.equal(pages.length, 30)
      assert.ok(pages.every((line, i) => line.startsWith(`k${10 + i}=old@`)))
    }))
}

function past(open: Open): void {
  test('any revision of the window can be read, the future and the compacted cannot', () =>
    withStore(open, async ({ store }) => {
      const states = new Map<number, readonly string[]>([[store.revision(), []]])
      for (let i = 0; i < 900; i++) {
        const key = `k${(i * 31) % 40}`
        const there = store.snapshot('things').get(key) !== undefined
        await done(store.commit([there && i % 3 === 0 ? remove(key) : put(key, String(i))]))
        states.set(store.revision(), shown(store.snapshot('things')))
      }
      for (const [revision, state] of states)
        if (revision % 13 === 0) assert.deepEqual(shown(await at(store, revision)), state)
      assert.equal(await store.snapshotAt('things', store.revision() + 1), 'future')
      const middle = store.revision() - 400
      await store.compact(middle)
      assert.equal(store.oldest(), middle)
      assert.equal(await store.snapshotAt('things', middle - 1), 'expired')
      for (const [revision, state] of states)
        if (revision >= middle && (revision - middle) % 37 === 0)
          assert.deepEqual(shown(await at(store, revision)), state)
      await store.compact(middle - 10)
      assert.equal(store.oldest(), middle)
      assert.equal((await at(store, middle, 'nothing')).size, 0)
      await store.compact(store.revision() + 50)
      assert.equal(store.oldest(), store.revision())
      assert.deepEqual(shown(await at(store, store.revision())), shown(store.snapshot('things')))
    }))

  test('every five minutes, what is older than that is compacted', () =>
    withStore(open, async ({ store, clock }) => {
      await write(store, 'k', 'one')
      clock.move(300_000)
      const early = store.revision()
      await write(store, 'k', 'two')
      clock.move(299_000)
      assert.ok(store.oldest() < early)
      clock.move(1000)
      await until(() => store.oldest() === early)
      assert.deepEqual(shown(await at(store, early)), [`k=one@${early}`])
    }))
}

/** Only for stores that remove by the clock they are given. */
export function expiry(open: Open): void {
  test('a key with a time to live goes as a deletion like any other', () =>
    withStore(open, async ({ store, clock }) => {
      const notes = new Notes(store, store.revision())
      await done(store.commit([put('short', 's', { ttl: 10 })]))
      await done(store.commit([put('long', 'l', { ttl: 3600 })]))
      await done(store.commit([put('renewed', 'r', { ttl: 10 })]))
      clock.move(9000)
      await done(store.commit([put('renewed', 'r2', { ttl: 10 })]))
      const last = store.revision()
      clock.move(1500)
      await until(() => store.revision() === last + 1)
      assert.deepEqual(keys(store.snapshot('things')), ['long', 'renewed'])
      assert.equal((await notes.count(5))[4], `delete short=s@${last + 1}`)
      clock.move(3_000_000)
      await until(() => store.snapshot('things').size === 1)
      clock.move(700_000)
      await until(() => store.snapshot('things').size === 0)
      assert.equal(store.revision(), last + 3)
    }))

  test('expiry that fails is tried again', () =>
    withStore(open, async ({ store, clock, gate }) => {
      await done(store.commit([put('short', '', { ttl: 1 })]))
      gate.fail({ reason: 'full', message: 'no space' })
      clock.move(2000)
      await new Promise(resolve => setTimeout(resolve, 20))
      assert.equal(store.snapshot('things').size, 1)
      clock.move(10_000)
      await until(() => store.snapshot('things').size === 0)
    }))
}

function waiting(open: Open): void {
  test('waiting for a revision ends when it is reached, or with the time', () =>
    withStore(open, async ({ store, clock }) => {
      const next = store.revision() + 1
      assert.equal(await store.reached(next - 1, 0), true)
      const [soon, also, never] = [store.reached(next, 3000), store.reached(next, 1000), store.reached(next + 5, 3000)]
      clock.move(1000)
      assert.equal(await also, false)
      await write(store, 'k')
      assert.equal(await soon, true)
      clock.move(2000)
      assert.equal(await never, false)
      await store.fresh()
    }))
}

export function reads(open: Open): void {
  ranging(open)
  past(open)
  waiting(open)
}
