/** Compare-and-swap, transactions, head and durable. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KObject } from '#api/metadata.ts'
import { Notes, at, dataOf, done, keys, put, remove, shown, until, withStore, write, type Open } from './harness.ts'

const failed = { reason: 'failed', message: 'the disk said no' } as const

function comparing(open: Open): void {
  test('a put gives the next revision, sets resourceVersion, and the snapshot shows it', () =>
    withStore(open, async ({ store }) => {
      const before = store.revision()
      assert.ok(before >= 1)
      const { revision, kept } = await done(store.commit([put('a/x', 'one', { managed: '[{"manager":"m"}]' })]))
      assert.equal(revision, before + 1)
      assert.equal(store.revision(), revision)
      const found = store.snapshot('things').get('a/x')
      assert.equal(found, kept[0])
      assert.equal(found?.revision, revision)
      assert.equal(found?.object.metadata.resourceVersion, String(revision))
      assert.equal(found?.managed, '[{"manager":"m"}]')
      assert.ok(Object.isFrozen(found?.object.metadata))
      assert.equal(found?.encodings, found?.encodings)
      assert.equal(found?.encodings.size, 0)
      assert.deepEqual(store.resources(), ['things'])
    }))

  test('what is expected decides: absent, a revision, or anything', () =>
    withStore(open, async ({ store }) => {
      const first = await done(store.commit([put('k', 'one', { expect: 0 })]))
      const again = await store.commit([put('k', 'two', { expect: 0 })])
      assert.ok(!again.ok && again.reason === 'conflict')
      assert.equal(again.at, 0)
      assert.equal(again.current?.revision, first.revision)
      assert.equal(store.revision(), first.revision)
      const second = await done(store.commit([put('k', 'two', { expect: first.revision })]))
      const stale = await store.commit([put('k', 'three', { expect: first.revision })])
      assert.ok(!stale.ok && stale.reason === 'conflict' && dataOf(stale.current) === 'two')
      const absent = await store.commit([put('other', '', { expect: second.revision })])
      assert.ok(!absent.ok && absent.reason === 'conflict' && absent.current === undefined)
      await done(store.commit([put('k', 'four')]))
      assert.equal(dataOf(store.snapshot('things').get('k')), 'four')
    }))

  test('a deletion carries the last state at its own revision', () =>
    withStore(open, async ({ store }) => {
      const { revision } = await write(store, 'k', 'one')
      const wrong = await store.commit([remove('k', { expect: revision + 1 })])
      assert.ok(!wrong.ok && wrong.reason === 'conflict')
      const gone = await done(store.commit([remove('k', { expect: revision })]))
      assert.equal(gone.revision, revision + 1)
      assert.equal(dataOf(gone.kept[0]), 'one')
      assert.equal(gone.kept[0]?.object.metadata.resourceVersion, String(revision + 1))
      assert.equal(store.snapshot('things').get('k'), undefined)
      assert.deepEqual(store.resources(), [])
      const twice = await store.commit([remove('k')])
      assert.ok(!twice.ok && twice.reason === 'conflict' && twice.current === undefined)
      await done(store.commit([put('k', 'again', { expect: 0 })]))
    }))
}

function transacting(open: Open): void {
  test('a transaction is all or nothing and has one revision', () =>
    withStore(open, async ({ store }) => {
      await write(store, 'b', 'old')
      const notes = new Notes(store, store.revision(), ['things', 'others'])
      const all = await done(store.commit([put('a', '1'), put('b', '2'), put('c', '3', { resource: 'others' })]))
      assert.deepEqual(
        all.kept.map(kept => [kept.resource, kept.key, kept.revision]),
        [
          ['things', 'a', all.revision],
          ['things', 'b', all.revision],
          ['others', 'c', all.revision],
        ],
      )
      const before = store.revision()
      const none = await store.commit([
        put('d'),
        remove('a'),
        put('b', '', { expect: 0 }),
        put('e', '', { expect: 99 }),
      ])
      assert.ok(!none.ok && none.reason === 'conflict' && none.at === 2)
      assert.equal(store.revision(), before)
      assert.deepEqual(keys(store.snapshot('things')), ['a', 'b'])
      assert.deepEqual(await notes.count(3), [`put a=1@${before}`, `put b=2@${before}`, `put c=3@${before}`])
      assert.equal(dataOf(notes.events[1]?.previous), 'old')
      await assert.rejects(store.commit([put('a'), remove('a')]), RangeError)
      await assert.rejects(store.commit([]), RangeError)
    }))

  test('a check is compared, not written', () =>
    withStore(open, async ({ store }) => {
      const { revision } = await write(store, 'term', '1')
      const check = { type: 'check', resource: 'things', key: 'term', expect: revision } as const
      const { kept } = await done(store.commit([check, put('a')]))
      assert.deepEqual(
        kept.map(one => one.key),
        ['a'],
      )
      assert.equal(store.snapshot('things').get('term')?.revision, revision)
      assert.equal((await done(store.commit([check]))).revision, store.revision())
      await write(store, 'term', '2')
      const stale = await store.commit([check, put('b')])
      assert.ok(!stale.ok && stale.reason === 'conflict' && stale.at === 0 && dataOf(stale.current) === '2')
      assert.equal(store.snapshot('things').get('b'), undefined)
      await done(store.commit([{ ...check, key: 'absent', expect: 0 }, put('b')]))
    }))

  test('integers beyond 2^53 and odd keys are kept exactly', () =>
    withStore(open, async ({ store }) => {
      const big = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'big' }, data: 2n ** 60n }
      for (const key of ['__proto__', 'constructor', 'a/é\u{1f600}'])
        await done(
          store.commit([{ type: 'put', resource: 'things', key, object: { ...big, metadata: {} }, managed: '' }]),
        )
      assert.equal(dataOf(store.snapshot('things').get('__proto__')), 2n ** 60n)
      assert.equal(store.snapshot('things').get('toString'), undefined)
      assert.equal(store.snapshot('things').size, 3)
    }))
}

function durability(open: Open): void {
  test('nobody sees a write before it is durable, but writes compare against it', () =>
    withStore(open, async ({ store, gate }) => {
      const before = store.revision()
      const notes = new Notes(store, before)
      gate.shut()
      const answers: string[] = []
      const first = store.commit([put('k', 'one')]).finally(() => answers.push('first'))
      await new Promise(resolve => setTimeout(resolve, 5))
      const collided = store.commit([put('k', 'two', { expect: 0 })]).finally(() => answers.push('conflict'))
      const chained = store.commit([put('k', 'three', { expect: before + 1 })]).finally(() => answers.push('chained'))
      const onChained = store
        .commit([remove('k', { expect: before + 1 })])
        .finally(() => answers.push('later conflict'))
      const check = store.commit([{ type: 'check', resource: 'things', key: 'k', expect: before + 2 }])
      const late = check.finally(() => answers.push('check'))
      await new Promise(resolve => setTimeout(resolve, 20))
      assert.deepEqual([answers, notes.lines, store.revision()], [[], [], before])
      assert.equal(store.snapshot('things').size, 0)
      assert.equal(await store.snapshotAt('things', before + 1), 'future')
      gate.open()
      const conflict = await collided
      assert.ok(!conflict.ok && conflict.reason === 'conflict' && dataOf(conflict.current) === 'one')
      assert.equal((await done(first)).revision, before + 1)
      assert.equal((await done(chained)).revision, before + 2)
      const second = await onChained
      assert.ok(!second.ok && second.reason === 'conflict' && dataOf(second.current) === 'three')
      await done(late)
      assert.deepEqual(answers, ['first', 'conflict', 'chained', 'later conflict', 'check'])
      assert.deepEqual(notes.lines, [`put k=one@${before + 1}`, `put k=three@${before + 2}`])
    }))

  test('what is kept can be revised, again and again, without a write', () =>
    withStore(open, async ({ store }) => {
      const { revision } = await write(store, 'k', 'one')
      const say = (word: string) => (object: KObject) => ({
        ...object,
        data: `${String(Reflect.get(object, 'data'))} ${word}`,
      })
      const found = (): unknown => dataOf(store.snapshot('things').get('k'))
      store.snapshot('things').get('k')?.encodings.set('x', new Uint8Array())
      store.revise('things', say('two'))
      assert.equal(found(), 'one two')
      assert.equal(store.snapshot('things').get('k')?.encodings.size, 0)
      store.revise('things', say('three'))
      assert.equal(found(), 'one three', 'from what was written')
      store.revise('things', say('four'), 'shown')
      assert.equal(found(), 'one three four')
      assert.equal(store.revision(), revision)
      const notes = new Notes(store, revision - 1)
      assert.deepEqual(await notes.count(1), [`put k=one three four@${revision}`])
      await write(store, 'k', 'fresh')
      assert.equal(found(), 'fresh')
    }))

  test('an object that cannot be written fails alone', () =>
    withStore(open, async ({ store }) => {
      const circle: Record<string, unknown> = {}
      circle['self'] = circle
      const bad = Object.assign({ apiVersion: 'v1', kind: 'Thing', metadata: {} }, { data: circle })
      const [good, result] = await Promise.allSettled([
        store.commit([put('a')]),
        store.commit([put('x'), { type: 'put', resource: 'things', key: 'y', object: bad, managed: '' }]),
      ])
      assert.ok(good.status === 'fulfilled' && good.value.ok)
      if (result.status === 'rejected') assert.deepEqual(keys(store.snapshot('things')), ['a'])
      await write(store, 'b')
    }))

  test('writes beyond the queue wait their turn, none is lost', () =>
    withStore(
      open,
      async ({ store }) => {
        const results = await Promise.all(
          Array.from({ length: 300 }, (_, i) => write(store, `k${i % 7}/${i}`, 'x'.repeat(200))),
        )
        const revisions = results.map(result => result.revision)
        const first = Math.min(...revisions)
        assert.deepEqual(
          revisions.toSorted((a, b) => a - b),
          results.map((_, i) => first + i),
        )
        assert.equal(store.snapshot('things').size, 300)
      },
      { queueBytes: 1000 },
    ))
}

function closing(open: Open): void {
  test('close finishes what was accepted, ends watches and refuses the rest', () =>
    withStore(open, async ({ store, gate }) => {
      const notes = new Notes(store, store.revision())
      const waits = store.reached(store.revision() + 100, 60_000)
      await until(() => true)
      gate.shut()
      const accepted = store.commit([put('a')])
      await new Promise(resolve => setTimeout(resolve, 5))
      const closed = store.close()
      assert.deepEqual(await store.commit([put('b')]), { ok: false, reason: 'closed' })
      gate.open()
      await done(accepted)
      await closed
      assert.deepEqual([notes.lines.length, notes.ended, await waits], [1, 'closed', false])
      assert.deepEqual(await store.commit([put('c')]), { ok: false, reason: 'closed' })
      await store.close()
    }))
}

/** Only for stores that write in batches, one above the other. */
export function batches(open: Open): void {
  test('a failed batch fails everything above it, and no revision is given twice', () =>
    withStore(open, async ({ store, gate }) => {
      const { revision } = await write(store, 'k', 'kept')
      const notes = new Notes(store, revision)
      gate.shut()
      gate.fail(failed)
      const results = [store.commit([put('k', 'lost')])]
      await new Promise(resolve => setTimeout(resolve, 5))
      results.push(store.commit([put('k', 'above', { expect: revision + 1 })]))
      results.push(store.commit([put('k', 'conflict', { expect: revision })]))
      results.push(store.commit([put('other', 'gathered')]))
      gate.open()
      for (const result of await Promise.all(results)) assert.deepEqual(result, { ok: false, ...failed })
      assert.equal(store.revision(), revision)
      assert.deepEqual(shown(store.snapshot('things')), [`k=kept@${revision}`])
      const next = await done(store.commit([put('k', 'new', { expect: revision })]))
      assert.ok(next.revision > revision + 3, 'revisions of failed writes are not given again')
      assert.deepEqual(await notes.count(1), [`put k=new@${next.revision}`])
      assert.deepEqual(shown(await at(store, revision + 1)), [`k=kept@${revision}`])
    }))

  test('writes have their revisions in the order they came', () =>
    withStore(open, async ({ store }) => {
      const results = await Promise.all(Array.from({ length: 100 }, (_, i) => write(store, `k${i % 7}/${i}`)))
      const first = results[0]?.revision ?? 0
      assert.deepEqual(
        results.map(result => result.revision),
        results.map((_, i) => first + i),
      )
    }))
}

export function writes(open: Open): void {
  comparing(open)
  transacting(open)
  durability(open)
  closing(open)
}
