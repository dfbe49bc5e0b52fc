/** Watches: from where, in what order, and how they end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../contract.ts'
import { Notes, dataOf, done, put, remove, shown, at, until, withStore, write, type Open } from './harness.ts'

/** Ten writes over five keys, then one deletion. */
async function history(store: Store): Promise<readonly string[]> {
  const lines: string[] = []
  for (let i = 0; i < 10; i++) {
    const { revision } = await write(store, `k${i % 5}`, String(i))
    lines.push(`put k${i % 5}=${i}@${revision}`)
  }
  const { revision } = await done(store.commit([remove('k0')]))
  return [...lines, `delete k0=5@${revision}`]
}

function starting(open: Open): void {
  test('from the oldest revision, from the middle, from now and from the future', () =>
    withStore(open, async ({ store }) => {
      const oldest = store.oldest()
      const first = store.revision()
      const lines = await history(store)
      assert.deepEqual(await new Notes(store, oldest).count(11), lines)
      assert.deepEqual(await new Notes(store, first + 4).count(7), lines.slice(4))
      const now = new Notes(store, store.revision())
      const future = new Notes(store, store.revision() + 1)
      await write(store, 'x', '1')
      const { revision } = await write(store, 'x', '2')
      assert.deepEqual(await now.count(2), [`put x=1@${revision - 1}`, `put x=2@${revision}`])
      assert.deepEqual(await future.count(1), [`put x=2@${revision}`])
    }))

  test('from before what is kept it expires, 0 included', () =>
    withStore(open, async ({ store }) => {
      const lines = await history(store)
      const middle = store.revision() - 5
      const live = new Notes(store, store.oldest())
      await live.count(11)
      await store.compact(middle)
      const [zero, before, exact] = [new Notes(store, 0), new Notes(store, middle - 1), new Notes(store, middle)]
      await until(() => zero.ended !== undefined && before.ended !== undefined)
      assert.deepEqual([zero.ended, before.ended, zero.lines, before.lines], ['expired', 'expired', [], []])
      assert.deepEqual(await exact.count(5), lines.slice(-5))
      await write(store, 'y')
      await Promise.all([exact.count(6), live.count(12)])
      assert.deepEqual([exact.ended, live.ended], [undefined, undefined])
    }))

  test('an event knows what was there before', () =>
    withStore(open, async ({ store }) => {
      const since = store.revision()
      await write(store, 'k', 'one')
      await write(store, 'k', 'two')
      await done(store.commit([remove('k')]))
      await write(store, 'k', 'three')
      const notes = new Notes(store, since)
      await notes.count(4)
      assert.deepEqual(
        notes.events.map(event => [event.type, dataOf(event.kept), dataOf(event.previous), event.revision - since]),
        [
          ['put', 'one', undefined, 1],
          ['put', 'two', 'one', 2],
          ['delete', 'two', 'two', 3],
          ['put', 'three', undefined, 4],
        ],
      )
      assert.equal(notes.events[2]?.previous?.object.metadata.resourceVersion, String(since + 2))
      assert.equal(notes.events[3]?.kept, store.snapshot('things').get('k'))
    }))
}

function living(open: Open): void {
  test('several resources come in one order, others not at all', () =>
    withStore(open, async ({ store }) => {
      const since = store.revision()
      const all = ['b', 'a', 'c', 'a', 'b', 'c', 'b']
      for (const [i, resource] of all.slice(0, 4).entries()) await done(store.commit([put(`k${i}`, '', { resource })]))
      const notes = new Notes(store, since, ['a', 'b'])
      await until(() => notes.lines.length === 3)
      for (const [i, resource] of all.slice(4).entries()) await done(store.commit([put(`l${i}`, '', { resource })]))
      await notes.count(5)
      assert.deepEqual(
        notes.events.map(event => event.resource),
        all.filter(resource => resource !== 'c'),
      )
    }))

  test('no gap and no overlap between old and new while writes go on', () =>
    withStore(
      open,
      async ({ store }) => {
        const since = store.oldest()
        const watches: Notes[] = []
        let writing = 0
        const writer = async (name: string): Promise<void> => {
          for (let i = 0; i < 120; i++) {
            await write(store, `${name}/${i % 9}`, String(i))
            if (++writing % 40 === 0) {
              watches.push(new Notes(store, since))
              watches.push(new Notes(store, store.revision() - (writing % 31)))
            }
          }
        }
        await Promise.all(['a', 'b', 'c', 'd'].map(writer))
        const last = store.revision()
        const wanted = Array.from({ length: last - since }, (_, i) => since + 1 + i)
        for (const notes of watches) {
          await until(() => notes.events.at(-1)?.revision === last || notes.ended !== undefined)
          const begin = notes.events[0]?.revision ?? 0
          assert.deepEqual(
            notes.events.map(event => event.revision),
            wanted.filter(revision => revision >= begin),
          )
        }
        assert.equal(watches[0]?.events.length, last - since)
      },
      { window: { changes: 2000, bytes: Infinity } },
    ))

  test('a watcher that throws is dropped and hurts nobody; a stopped one hears nothing more', () =>
    withStore(open, async ({ store }) => {
      const since = store.revision()
      let calls = 0
      const ends: string[] = []
      const onEnd = (why: string): void => void ends.push(why)
      const onEvents = (): void => {
        calls++
        throw new Error('a bug of the watcher')
      }
      store.watch(['things'], since, { onEvents, onEnd })
      const stopped = new Notes(store, since)
      const inside = new Notes(store, since)
      stopped.stop()
      const notes = new Notes(store, since)
      await write(store, 'a')
      await inside.count(1)
      inside.stop()
      await write(store, 'b')
      await notes.count(2)
      assert.deepEqual([calls, ends, stopped.lines.length, inside.lines.length], [1, ['failed'], 0, 1])
    }))

  test('a watcher that is called finds what it is told in the snapshot', () =>
    withStore(open, async ({ store }) => {
      const seen: boolean[] = []
      store.watch(['things'], store.revision(), {
        onEvents: events => {
          for (const event of events)
            seen.push(store.snapshot('things').get(event.key) === event.kept && store.revision() >= event.revision)
        },
        onEnd: () => undefined,
      })
      let answered = 0
      for (const key of ['a', 'b']) {
        await write(store, key)
        answered++
        assert.equal(seen.length, answered, 'watchers hear of a write before its writer')
      }
      assert.deepEqual(seen, [true, true])
    }))
}

/** Only for stores that keep history beyond their memory. */
export function beyondMemory(open: Open): void {
  test('what memory has dropped comes from history', () =>
    withStore(
      open,
      async ({ store }) => {
        const since = store.oldest()
        const lines = await history(store)
        await done(store.commit(Array.from({ length: 700 }, (_, i) => put(`many/${i}`, String(i)))))
        const rest = await history(store)
        const notes = new Notes(store, since)
        await notes.count(722)
        assert.deepEqual(notes.lines.slice(0, 11), lines)
        assert.deepEqual(notes.lines.slice(711), rest)
        assert.deepEqual(
          notes.lines.slice(11, 14).map(line => line.split('@')[0]),
          ['put many/0=0', 'put many/1=1', 'put many/2=2'],
        )
        assert.equal((await at(store, since + 3)).size, 3)
        assert.deepEqual(
          shown(await at(store, since + 7)),
          ['k0=5', 'k1=6', 'k2=2', 'k3=3', 'k4=4'].map((line, i) => `${line}@${since + [6, 7, 3, 4, 5][i]!}`),
        )
        await store.compact(since + 5)
        const compacted = new Notes(store, since + 4)
        await until(() => compacted.ended === 'expired')
        assert.equal((await new Notes(store, since + 5).count(717))[0], lines[5])
      },
      { window: { changes: 5, bytes: Infinity } },
    ))
}

export function watches(open: Open): void {
  starting(open)
  living(open)
}
