/** The store over real etcd. */
import { after, before, suite } from 'node:test'
import { storeConformance } from '#server/store/conformance.ts'
import { openEtcdStore } from '#server/store/etcd/open.ts'
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
