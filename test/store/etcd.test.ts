/** The store over real etcd. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { storeConformance } from '#server/store/conformance.ts'
import { decode, write } from '#server/store/conformance/harness.ts'
import type { Store } from '#server/store/contract.ts'
import { EtcdClient } from '#server/store/etcd/client.ts'
import { type EtcdOptions, openEtcdStore } from '#server/store/etcd/open.ts'
import { type EtcdCluster, skip, startEtcd } from './etcd.ts'

let prefixes = 0

suite('etcd', { skip }, () => {
  let etcd: EtcdCluster
  before(async () => (etcd = await startEtcd(1, ['--max-txn-ops=4096'])))
  after(() => etcd.stop())
  storeConformance('one etcd', options => openEtcdStore({ ...options, ...etcd.access, prefix: `/t${prefixes++}` }), {
    history: true,
    remote: true,
  })
})

suite('an older etcd', { skip }, () => {
  let etcd: EtcdCluster
  before(async () => (etcd = await startEtcd(1, ['--max-txn-ops=4096'], { suite: 'bookworm' })))
  after(() => etcd.stop())
  const open = (prefix: string, more: Partial<EtcdOptions>): Promise<Store> =>
    openEtcdStore({ decode, clock: systemClock, ...etcd.access, prefix, ...more })
  storeConformance('etcd 3.4.23', options => open(`/o${prefixes++}`, options), { history: false, remote: true })

  test('its word about progress is not relied upon, reads are fresh all the same', async () => {
    const prefix = `/o${prefixes++}`
    const [one, two] = await Promise.all([open(prefix, {}), open(prefix, {})])
    for (let i = 0; i < 20; i++) {
      const { revision } = await write(one, 'k', String(i))
      await two.fresh()
      assert.equal(two.snapshot('things').get('k')?.revision, revision)
    }
    const client = new EtcdClient(etcd.access)
    await client.ask(peer => peer.kv.put({ key: Buffer.from('/elsewhere'), value: Buffer.from('x') }))
    const before = two.revision()
    await two.fresh()
    assert.ok(two.revision() > before)
    client.close()
    await Promise.all([one.close(), two.close()])
  })
})
