/** Three members: the conformance suite again, and members that are killed while servers write. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, suite, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { storeConformance } from '#server/store/conformance.ts'
import { Notes, dataOf, decode, put, until } from '#server/store/conformance/harness.ts'
import type { Store } from '#server/store/contract.ts'
import { openEtcdStore } from '#server/store/etcd/open.ts'
import { type EtcdCluster, skip, startEtcd } from './etcd.ts'

let prefixes = 0
const nextPrefix = (): string => `/c${prefixes++}`

suite('etcd of three members', { skip }, () => {
  let etcd: EtcdCluster
  before(async () => (etcd = await startEtcd(3, ['--max-txn-ops=4096'])))
  after(() => etcd.stop())
  const open = (prefix: string): Promise<Store> => openEtcdStore({ decode, clock: systemClock, prefix, ...etcd.access })

  storeConformance('three members', options => openEtcdStore({ ...options, ...etcd.access, prefix: nextPrefix() }), {
    history: true,
    remote: true,
  })

  test('members that are killed take nothing along that was acknowledged', async () => {
    const stores = await Promise.all([open('/killed'), open('/killed')])
    const since = stores[0].revision()
    const acknowledged = new Map<string, number>()
    let running = true
    const writer = async (store: Store, name: string): Promise<void> => {
      for (let i = 0; running; i++) {
        const key = `${name}/${i}`
        const result = await store.commit([put(key, `${name}.${i}`, { expect: 0 })])
        if (result.ok) acknowledged.set(key, result.revision)
        else assert.notEqual(result.reason, 'conflict', `${key} was written by nobody else`)
      }
    }
    const writers = Promise.all(stores.flatMap((store, i) => ['a', 'b', 'c'].map(name => writer(store, `${i}${name}`))))
    for (const member of etcd.members) {
      const before = acknowledged.size
      await member.kill()
      await until(() => acknowledged.size > before + 20)
      member.start()
      await new Promise(resolve => setTimeout(resolve, 600))
    }
    running = false
    await writers
    const fresh = await open('/killed')
    const notes = new Notes(fresh, since)
    await until(() => notes.events.length >= acknowledged.size)
    for (const store of [...stores, fresh]) {
      await store.fresh()
      for (const [key, revision] of acknowledged)
        assert.equal(store.snapshot('things').get(key)?.revision, revision, `${key} is lost`)
      await store.close()
    }
    assert.ok(acknowledged.size > 200, `too little was written to prove anything: ${acknowledged.size}`)
  })

  /** One life of a server that writes; what it acknowledged goes into the ledger. */
  async function life(run: number, ledger: Map<number, string>): Promise<void> {
    const script = join(import.meta.dirname, 'etcd-writer.ts')
    const child = spawn(process.execPath, [script, etcd.dir, String(run), ...etcd.access.endpoints], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const closed = once(child, 'close')
    let told = 0
    for await (const line of createInterface({ input: child.stdout })) {
      if (told++ === 0) setTimeout(() => child.kill('SIGKILL'), 50 + Math.random() * 400)
      const [revision = '', key = '', value = ''] = line.split(' ')
      // A line cut short by the kill says nothing.
      if (!value.endsWith('.')) continue
      assert.ok(!ledger.has(Number(revision)), `revision ${revision} was given twice`)
      ledger.set(Number(revision), `${key} ${value}`)
    }
    const [, signal] = await closed
    assert.equal(signal, 'SIGKILL', 'the writer ended before it was killed')
  }

  test('servers that are killed lose nothing that was acknowledged, and hinder nobody', async () => {
    const store = await open('/ledger')
    const since = store.revision()
    const ledger = new Map<number, string>()
    for (let round = 0; round < 3; round++) await Promise.all([life(2 * round, ledger), life(2 * round + 1, ledger)])
    await store.fresh()
    const notes = new Notes(store, since)
    await until(() => (notes.events.at(-1)?.revision ?? 0) >= Math.max(...ledger.keys()))
    const seen = new Map(
      notes.events.map(({ type, key, kept, revision }) => [
        revision,
        `${key} ${type === 'delete' ? '-' : String(dataOf(kept))}.`,
      ]),
    )
    for (const [revision, wrote] of ledger) assert.equal(seen.get(revision), wrote, `history at ${revision}`)
    assert.ok(ledger.size > 300, `too little was written to prove anything: ${ledger.size}`)
    await store.close()
  })
})
