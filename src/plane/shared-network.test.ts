import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { StoreRefused } from '#server/store/contract.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { usualNetwork } from './plane.ts'
import { sharedNetwork } from './shared-network.ts'

const open = () => openMemoryStore({ decode: (_, text) => JSON.parse(text), clock: systemClock })
const given = { serviceCIDR: '10.20.0.0/16', nodePorts: [20_000, 20_999] } as const

test('what the first server was given is what a later one uses', async () => {
  const store = open()
  assert.deepEqual(await sharedNetwork(store, given), given)
  assert.deepEqual(await sharedNetwork(store, {}), given)
  assert.deepEqual(await sharedNetwork(store, { nodePorts: [20_000, 20_999] }), given)
  await store.close()
})

test('a cluster whose first server was given nothing has what is usual', async () => {
  const store = open()
  assert.deepEqual(await sharedNetwork(store, { serviceCIDR: given.serviceCIDR }), {
    serviceCIDR: given.serviceCIDR,
    nodePorts: usualNetwork.nodePorts,
  })
  await store.close()
})

test('a server that was given something else is refused, and told what to start with', async () => {
  const store = open()
  await sharedNetwork(store, given)
  const refused = (wanted: Parameters<typeof sharedNetwork>[1], flag: string): Promise<void> =>
    assert.rejects(sharedNetwork(store, wanted), (error: unknown) => {
      assert.ok(error instanceof StoreRefused)
      return error.message.endsWith(`start it with ${flag}`)
    })
  await refused({ serviceCIDR: '10.96.0.0/16' }, '--service-cluster-ip-range 10.20.0.0/16')
  await refused({ nodePorts: [20_000, 20_998] }, '--service-node-port-range 20000-20999')
  assert.deepEqual(await sharedNetwork(store, {}), given)
  await store.close()
})

test('of two servers that start together with different ranges one is refused', async () => {
  const store = open()
  const results = await Promise.allSettled([
    sharedNetwork(store, given),
    sharedNetwork(store, { serviceCIDR: '10.21.0.0/16' }),
  ])
  assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  await store.close()
})

test('a cluster from before this was kept has the range of its object', async () => {
  const store = open()
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes' },
    spec: { cidrs: ['10.30.0.0/16'] },
  }
  const put = { type: 'put', resource: 'servicecidrs.networking.k8s.io', key: 'kubernetes', managed: '' } as const
  assert.ok((await store.commit([{ ...put, object }])).ok)
  await assert.rejects(sharedNetwork(store, { serviceCIDR: '10.96.0.0/16' }), StoreRefused)
  const kept = { ...usualNetwork, serviceCIDR: '10.30.0.0/16' }
  assert.deepEqual(await sharedNetwork(store, {}), kept)
  await store.close()
})
