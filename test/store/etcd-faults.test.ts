/** Several servers on one etcd, and everything that can go wrong between them and it. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import {
  HandClock,
  Notes,
  dataOf,
  decode,
  done,
  put,
  remove,
  shown,
  until,
  write,
} from '#server/store/conformance/harness.ts'
import type { CommitResult, Store } from '#server/store/contract.ts'
import { EtcdClient } from '#server/store/etcd/client.ts'
import { type EtcdOptions, openEtcdStore } from '#server/store/etcd/open.ts'
import { type EtcdCluster, skip, startEtcd } from './etcd.ts'
import { type Proxy, startProxy } from './proxy.ts'

let prefixes = 0
const nextPrefix = (): string => `/f${prefixes++}`

suite('etcd: several servers, bad connections', { skip }, () => {
  let etcd: EtcdCluster
  before(async () => (etcd = await startEtcd()))
  after(() => etcd.stop())

  const open = (prefix: string, more: Partial<EtcdOptions> = {}): Promise<Store> =>
    openEtcdStore({ decode, clock: systemClock, freeze: true, prefix, ...etcd.access, ...more })

  /** A store behind a proxy, a plain one beside it. */
  async function apart(
    run: (parts: { far: Store; near: Store; proxy: Proxy; prefix: string }) => Promise<void>,
  ): Promise<void> {
    const proxy = await startProxy(Number(new URL(etcd.access.endpoints[0] ?? '').port))
    const prefix = nextPrefix()
    const near = await open(prefix)
    const far = await open(prefix, { endpoints: [`https://127.0.0.1:${proxy.port}`] })
    try {
      await run({ far, near, proxy, prefix })
    } finally {
      proxy.open()
      await far.close()
      await near.close()
      await proxy.close()
    }
  }

  test('servers see each other: writes, conflicts, watches, and a read is as new as the cluster', async () => {
    const prefix = nextPrefix()
    const [one, two] = await Promise.all([open(prefix), open(prefix)])
    const notes = new Notes(two, two.revision())
    const first = await write(one, 'a/x', 'one')
    await two.fresh()
    assert.deepEqual(shown(two.snapshot('things')), [`a/x=one@${first.revision}`])
    const second = await done(two.commit([put('a/x', 'two', { expect: first.revision })]))
    const stale = await one.commit([put('a/x', 'three', { expect: first.revision })])
    assert.ok(!stale.ok && stale.reason === 'conflict' && stale.current?.revision === second.revision)
    const exists = await one.commit([put('a/x', 'three', { expect: 0 })])
    assert.ok(!exists.ok && exists.reason === 'conflict' && dataOf(exists.current) === 'two')
    await done(two.commit([remove('a/x')]))
    await done(one.commit([put('a/x', 'four', { expect: 0 })]))
    const lines = await notes.count(4)
    assert.deepEqual(
      lines.map(line => line.split('@')[0]),
      ['put a/x=one', 'put a/x=two', 'delete a/x=two', 'put a/x=four'],
    )
    await Promise.all([one.close(), two.close()])
  })

  test('nothing is written over, however many write the same key', async () => {
    const prefix = nextPrefix()
    const stores = await Promise.all([open(prefix), open(prefix)])
    await write(stores[0], 'count', '0')
    const add = async (store: Store): Promise<void> => {
      for (let added = 0; added < 40;) {
        const now = store.snapshot('things').get('count')
        const next = String(Number(dataOf(now)) + 1)
        const result = await store.commit([put('count', next, { expect: now?.revision ?? 0 })])
        if (result.ok) added++
        else assert.equal(result.reason, 'conflict')
      }
    }
    await Promise.all(stores.flatMap(store => [add(store), add(store)]))
    for (const store of stores) {
      await store.fresh()
      assert.equal(dataOf(store.snapshot('things').get('count')), '160')
      await store.close()
    }
  })

  test('a leader whose term is over writes nothing', async () => {
    const prefix = nextPrefix()
    const [old, next] = await Promise.all([open(prefix), open(prefix)])
    const term = await write(old, 'term', 'old')
    const check = { type: 'check', resource: 'things', key: 'term', expect: term.revision } as const
    await done(old.commit([check, put('a', 'in term')]))
    await done(next.commit([put('term', 'next', { expect: term.revision })]))
    const late = await old.commit([check, put('a', 'too late')])
    assert.ok(!late.ok && late.reason === 'conflict' && late.at === 0 && dataOf(late.current) === 'next')
    assert.equal(dataOf(old.snapshot('things').get('a')), 'in term')
    await Promise.all([old.close(), next.close()])
  })

  test('a key with a time to live goes by itself, also when its server is gone', async () => {
    const prefix = nextPrefix()
    const [one, two] = await Promise.all([open(prefix), open(prefix)])
    const notes = new Notes(two, two.revision())
    await done(one.commit([put('short', 's', { ttl: 1 }), put('other', 'o', { ttl: 1 })]))
    await done(one.commit([put('kept', 'k', { ttl: 1 })]))
    await done(one.commit([put('kept', 'now for good')]))
    await one.close()
    await until(() => two.snapshot('things').size === 1)
    await notes.count(6)
    assert.deepEqual(
      notes.lines
        .slice(4)
        .map(line => line.split('@')[0] ?? '')
        .toSorted((a, b) => (a < b ? -1 : 1)),
      ['delete other=o', 'delete short=s'],
    )
    assert.equal(dataOf(two.snapshot('things').get('kept')), 'now for good')
    await two.close()
  })

  test('a server that starts later can tell what happened before', async () => {
    const prefix = nextPrefix()
    const one = await open(prefix)
    const since = one.revision()
    for (let i = 0; i < 30; i++) await write(one, `k${i % 3}`, String(i))
    await done(one.commit([remove('k0')]))
    const two = await open(prefix)
    const notes = new Notes(two, since + 10)
    await notes.count(21)
    assert.deepEqual([notes.lines[0], notes.lines.at(-1)], [`put k1=10@${since + 11}`, `delete k0=27@${since + 31}`])
    assert.equal(dataOf(notes.events[0]?.previous), '7')
    await one.compact(since + 20)
    const three = await open(prefix)
    const late = new Notes(three, since + 10)
    await until(() => late.ended === 'expired')
    await Promise.all([one.close(), two.close(), three.close()])
  })

  test('what is compacted while a server is cut off is read anew, and its watchers begin again', () =>
    apart(async ({ far, near, proxy }) => {
      for (const key of ['same', 'changed', 'gone']) await write(near, key, 'before')
      await far.fresh()
      const notes = new Notes(far, far.revision())
      const same = far.snapshot('things').get('same')
      const told: string[] = []
      far.watch(['things'], far.revision(), {
        coalesce: true,
        onEvents: events => {
          for (const { type, key, kept, previous } of events)
            told.push(`${type} ${key}: ${String(dataOf(previous))} > ${String(dataOf(kept))}`)
        },
        onEnd: why => void (why !== 'closed' && told.push(why)),
      })
      proxy.shut()
      await write(near, 'changed', 'after')
      await done(near.commit([remove('gone')]))
      await write(near, 'new', 'after')
      await near.compact(near.revision())
      proxy.open()
      await until(() => notes.ended === 'expired')
      assert.deepEqual(notes.lines, [])
      assert.deepEqual(shown(far.snapshot('things')), shown(near.snapshot('things')))
      assert.equal(far.snapshot('things').get('same'), same)
      assert.equal(far.oldest(), far.revision())
      const again = new Notes(far, far.revision())
      await write(far, 'new', 'again')
      await again.count(1)
      assert.deepEqual(told, [
        'put changed: before > after',
        'put new: undefined > after',
        'delete gone: before > before',
        'put new: after > again',
      ])
    }))

  test('an answer that is lost is found out: each write happened once, or not at all', () =>
    apart(async ({ far, near, proxy }) => {
      const since = near.revision()
      const answered = new Map<string, CommitResult>()
      let running = true
      let written = 0
      const writer = async (name: string): Promise<void> => {
        for (let i = 0; running; i++) {
          const key = `${name}/${i % 4}`
          const there = far.snapshot('things').get(key)
          const gone = there !== undefined && i % 3 === 0
          const expect = there?.revision ?? 0
          const result = await far.commit([gone ? remove(key, { expect }) : put(key, `${name}.${i}`, { expect })])
          if (result.ok) written++
          answered.set(gone ? `delete ${key} of ${expect}` : `put ${key}=${name}.${i}`, result)
        }
      }
      const writers = Promise.all(['a', 'b', 'c', 'd', 'e'].map(writer))
      // Until enough was written to prove something, however slow the machine.
      for (let round = 0; round < 20 || written < 200; round++) {
        await new Promise(resolve => setTimeout(resolve, 100 + Math.random() * 100))
        // The requests of these milliseconds arrive and are answered to nobody.
        proxy.deafen()
        await new Promise(resolve => setTimeout(resolve, 3))
        proxy.cut()
      }
      running = false
      await writers
      await Promise.all([near.fresh(), far.fresh()])
      const notes = new Notes(near, since)
      const newest = Math.max(...Array.from(answered.values(), result => (result.ok ? result.revision : 0)))
      await until(() => (notes.events.at(-1)?.revision ?? 0) >= newest)
      const happened = new Map(
        notes.events.map(({ type, key, kept, previous, revision }) => [
          type === 'put' ? `put ${key}=${String(dataOf(kept))}` : `delete ${key} of ${previous?.revision ?? 0}`,
          revision,
        ]),
      )
      assert.equal(happened.size, notes.events.length, 'something was written twice')
      for (const [what, result] of answered)
        if (result.ok) assert.equal(happened.get(what), result.revision, what)
        else assert.ok(!happened.has(what), `${what} was answered ${JSON.stringify(result)} and happened`)
      assert.equal([...answered.values()].filter(result => result.ok).length, happened.size)
      assert.deepEqual(shown(far.snapshot('things')), shown(near.snapshot('things')))
    }))

  test('while nobody answers nothing is fresh, and afterwards everything is', () =>
    apart(async ({ far, near, proxy }) => {
      proxy.shut()
      const writing = far.commit([put('late', 'x')])
      const reading = far.fresh()
      await new Promise(resolve => setTimeout(resolve, 100))
      await write(near, 'meanwhile', 'y')
      proxy.open()
      await reading
      assert.equal(dataOf(far.snapshot('things').get('meanwhile')), 'y')
      await done(writing)
    }))

  test('of several servers one compacts etcd, to what was the newest an interval ago', async () => {
    const prefix = nextPrefix()
    const clocks = [new HandClock(), new HandClock()] as const
    const stores = await Promise.all(clocks.map(clock => open(prefix, { clock })))
    const client = new EtcdClient(etcd.access)
    const record = async () => {
      const { kvs } = await client.ask(peer => peer.kv.range({ key: Buffer.from(`${prefix}/.bulwark/compaction`) }))
      return kvs[0]
    }
    const interval = async (): Promise<void> => {
      for (const clock of clocks) {
        clock.move(300_000)
        await new Promise(resolve => setTimeout(resolve, 60))
      }
    }
    const old = await write(stores[0] ?? assert.fail(), 'k', 'old')
    await write(stores[0] ?? assert.fail(), 'k', 'new')
    await interval()
    await write(stores[1] ?? assert.fail(), 'k', 'newest')
    await interval()
    assert.equal((await record())?.version, 2n, 'written by one of them in each interval')
    const then = { key: Buffer.from(`${prefix}/things/k`), revision: BigInt(old.revision) }
    await assert.rejects(
      client.ask(peer => peer.kv.range(then)),
      /compacted/,
    )
    client.close()
    await Promise.all(stores.map(store => store.close()))
  })

  test('a large cluster is read a page at a time', async () => {
    const prefix = nextPrefix()
    const store = await open(prefix)
    const filler = 'x'.repeat(12_000)
    await Promise.all(Array.from({ length: 600 }, (_, i) => write(store, `k${i}`, `${i} ${filler}`)))
    const again = await open(prefix)
    assert.equal(again.revision(), store.revision())
    assert.deepEqual(shown(again.snapshot('things')), shown(store.snapshot('things')))
    await Promise.all([store.close(), again.close()])
  })

  test('writes of others beside the prefix do not make reads wait', async () => {
    const prefix = nextPrefix()
    const store = await open(prefix)
    const client = new EtcdClient(etcd.access)
    for (let i = 0; i < 20; i++)
      await client.ask(peer => peer.kv.put({ key: Buffer.from('/elsewhere'), value: Buffer.from('x') }))
    const before = store.revision()
    await store.fresh()
    assert.ok(store.revision() >= before + 20)
    client.close()
    await store.close()
  })
})
