/** The Service of cluster DNS passes the real API's rules. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointSlices, namespaces, services } from '#kinds/facts/generated/refs.ts'
import { ensureDnsService } from '#network/dns/service.ts'
import { startCluster } from '#testing/startCluster.ts'

test('kube-dns is accepted, twice, and its endpoints stay', async () => {
  await using cluster = await startCluster()
  const { client } = cluster
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 20)))
    if ((await client.find(namespaces, 'kube-system')) !== undefined) break
  const nodes = [{ name: 'node-0', address: '192.0.2.1' }]
  await ensureDnsService(client, '10.96.0.10', nodes)
  const slice = await client.get(endpointSlices, 'kube-system/kube-dns')
  await ensureDnsService(client, '10.96.0.10', nodes)
  await new Promise(resolve => setTimeout(resolve, 300))
  const later = await client.get(endpointSlices, 'kube-system/kube-dns')
  assert.equal(later.metadata.resourceVersion, slice.metadata.resourceVersion)
  assert.equal((await client.get(services, 'kube-system/kube-dns')).spec?.clusterIP, '10.96.0.10')
})
