import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeClient } from '#client/client.ts'
import { makeFakeClock } from '#client/fake-clock.ts'
import { makeFakeApi } from '#client/fake.ts'
import { endpointSlices, services } from '#kinds/facts/generated/refs.ts'
import { ensureDnsService } from './service.ts'

const key = 'kube-system/kube-dns'

test('kube-dns is made once and its endpoints follow the nodes', async () => {
  const client = makeClient(makeFakeApi(makeFakeClock()).transport)
  const node = { name: 'worker', address: '192.0.2.1' }
  await ensureDnsService(client, '10.96.0.10', [node])
  const first = await client.get(services, key)
  assert.equal(first.spec?.clusterIP, '10.96.0.10')
  await ensureDnsService(client, '10.96.0.10', [node])
  assert.equal((await client.get(services, key)).metadata.resourceVersion, first.metadata.resourceVersion)
  await ensureDnsService(client, '10.96.0.10', [node, { name: 'other', address: '192.0.2.2' }])
  const { endpoints } = await client.get(endpointSlices, key)
  assert.deepEqual(
    endpoints.map(one => one.addresses[0]),
    ['192.0.2.1', '192.0.2.2'],
  )
})

test('a kube-dns that somebody else made stays', async () => {
  const client = makeClient(makeFakeApi(makeFakeClock()).transport)
  const metadata = { name: 'kube-dns', namespace: 'kube-system' }
  const own = { clusterIP: '10.96.0.10', selector: { app: 'coredns' } }
  await client.create(services, { apiVersion: 'v1', kind: 'Service', metadata, spec: own })
  await ensureDnsService(client, '10.96.0.10', [])
  assert.equal(await client.find(endpointSlices, key), undefined)
})
