import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointSlices, endpoints, services } from '#kinds/facts/generated/refs.ts'
import type { EndpointSubset, Endpoints, Service } from '#kinds/facts/generated/types/core_v1.ts'
import { endpointSliceMirroring } from './endpointslice-mirroring.ts'
import { type World, makeWorld } from './world.ts'

const service = (selector?: Readonly<Record<string, string>>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'own', namespace: 'n' },
  spec: { ports: [{ port: 80, protocol: 'TCP' }], ...(selector === undefined ? {} : { selector }) },
})
const kept = (subsets: readonly EndpointSubset[], metadata: Endpoints['metadata'] = {}): Endpoints => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'own', namespace: 'n', ...metadata },
  subsets,
})
const ports = [{ name: 'http', port: 80, protocol: 'TCP' as const }]

async function shown(world: World): Promise<readonly string[]> {
  await world.settle()
  const slices = await world.list(endpointSlices)
  return slices
    .map(({ addressType, endpoints: list }) => {
      const addresses = list.map(one => `${one.addresses.join()}${one.conditions?.ready === true ? '' : '!'}`)
      return `${addressType} ${addresses.join(' ')}`
    })
    .sort((a, b) => (a < b ? -1 : 1))
}

test('endpoints kept by hand are mirrored, one slice for each family and set of ports, and follow', async () => {
  const world = await makeWorld([endpointSliceMirroring])
  const subsets = [
    { ports, addresses: [{ ip: '10.0.0.1' }, { ip: '010.0.0.2' }, { ip: '2001:db8::1' }] },
    { ports, notReadyAddresses: [{ ip: '10.0.0.1' }] },
    { ports: [{ ...ports[0], port: 81 }], addresses: [{ ip: '10.0.0.3' }] },
  ]
  const metadata = {
    labels: { team: 'a' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', own: 'b' },
  }
  await world.client.create(endpoints, kept(subsets, metadata))
  assert.deepEqual(await shown(world), [], 'there is no service yet')
  await world.client.create(services, service())
  assert.deepEqual(await shown(world), ['IPv4 10.0.0.1! 10.0.0.2', 'IPv4 10.0.0.3', 'IPv6 2001:db8::1'])
  const [slice] = await world.list(endpointSlices)
  assert.deepEqual(slice?.metadata.labels, {
    team: 'a',
    'kubernetes.io/service-name': 'own',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  })
  assert.deepEqual(slice?.metadata.annotations, { own: 'b' })
  assert.equal(slice?.metadata.ownerReferences?.[0]?.kind, 'Endpoints')
  const before = slice?.metadata.uid
  await world.client.update(endpoints, kept([{ ports, addresses: [{ ip: '10.0.0.9' }] }]))
  assert.deepEqual(await shown(world), ['IPv4 10.0.0.9'])
  assert.ok(
    (await world.list(endpointSlices)).every(({ metadata: { uid } }) => uid === before),
    'the slice is kept',
  )
  await world.client.delete(endpoints, 'n/own')
  assert.deepEqual(await shown(world), [])
  await world.stop()
})

test('what is not to be mirrored is not: another controller has the service, a label, an election', async () => {
  const world = await makeWorld([endpointSliceMirroring])
  const subsets = [{ ports, addresses: [{ ip: '10.0.0.1' }] }]
  await world.client.create(services, service({ app: 'a' }))
  await world.client.create(endpoints, kept(subsets))
  assert.deepEqual(await shown(world), [])
  await world.client.update(services, service())
  assert.deepEqual(await shown(world), ['IPv4 10.0.0.1'])
  for (const metadata of [
    { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } },
  ]) {
    await world.client.update(endpoints, kept(subsets, metadata))
    assert.deepEqual(await shown(world), [])
    await world.client.update(endpoints, kept(subsets))
    assert.deepEqual(await shown(world), ['IPv4 10.0.0.1'])
  }
  await world.stop()
})
