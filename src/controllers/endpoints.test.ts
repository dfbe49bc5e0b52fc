import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointSlices, endpoints, pods, services } from '#kinds/facts/generated/refs.ts'
import type { Pod, Service } from '#kinds/facts/generated/types/core_v1.ts'
import { endpointSlice } from './endpointslice.ts'
import { endpointsController } from './endpoints.ts'
import { type World, makeWorld } from './world.ts'

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'n', labels: { team: 'a' } },
  spec: {
    clusterIP: '10.0.0.1',
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }],
    ...spec,
  },
})
const pod = (name: string, ip: string, port = 8080): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', labels: { app: 'web' } },
  spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: port }] }] },
  status: { phase: 'Running', podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] },
})

async function add(world: World, ...all: readonly Pod[]): Promise<void> {
  for (const one of all) {
    await world.client.create(pods, one)
    await world.client.updateStatus(pods, one)
  }
  await world.settle()
}

async function shown(world: World): Promise<readonly string[]> {
  return (await world.list(endpointSlices)).map(slice => {
    const list = slice.endpoints.map(({ addresses, conditions: c }) => {
      const flags = [c?.ready === true ? 'r' : '', c?.serving === true ? 's' : '', c?.terminating === true ? 't' : '']
      return `${addresses.join('+')}(${flags.join('')})`
    })
    return `${slice.addressType} ${slice.ports.map(port => `${port.name ?? ''}:${port.port ?? 0}`).join()} ${list.join(' ')}`
  })
}

test('slices follow pods: by port, ready, terminating, and one empty slice where there are none', async () => {
  const world = await makeWorld([endpointSlice, endpointsController])
  await world.client.create(services, service())
  await world.settle()
  assert.deepEqual(await shown(world), ['IPv4  '])
  await add(world, pod('a', '10.1.0.1'), pod('b', '10.1.0.2'), pod('c', '10.1.0.3', 9090))
  await world.report(await world.client.get(pods, 'n/b'), { conditions: [{ type: 'Ready', status: 'False' }] })
  await world.client.delete(pods, 'n/a')
  await world.settle()
  assert.deepEqual(
    new Set(await shown(world)),
    new Set(['IPv4 http:8080 10.1.0.1(st) 10.1.0.2()', 'IPv4 http:9090 10.1.0.3(rs)']),
  )
  const legacy = await world.client.get(endpoints, 'n/web')
  assert.deepEqual(
    legacy.subsets?.map(one => [
      one.ports?.[0]?.port,
      one.addresses?.map(a => a.ip),
      one.notReadyAddresses?.map(a => a.ip),
    ]),
    [
      [8080, undefined, ['10.1.0.2']],
      [9090, ['10.1.0.3'], undefined],
    ],
  )
  assert.equal((await world.list(endpointSlices))[0]?.metadata.labels?.['kubernetes.io/service-name'], 'web')
  await world.client.delete(services, 'n/web')
  await world.settle()
  assert.deepEqual(await shown(world), [])
  assert.equal((await world.list(endpoints)).length, 0)
  await world.stop()
})

test('no slice has more than 100 endpoints, and a change rewrites one slice alone', async () => {
  const world = await makeWorld([endpointSlice])
  await world.client.create(services, service())
  await add(world, ...Array.from({ length: 250 }, (_, i) => pod(`p${i}`, `10.1.${i >> 8}.${i & 255}`)))
  const counts = (await world.list(endpointSlices)).map(slice => slice.endpoints.length)
  assert.equal(
    counts.reduce((a, b) => a + b),
    250,
  )
  assert.ok(
    counts.every(count => count <= 100),
    counts.join(),
  )
  world.api.log.length = 0
  await world.report(await world.client.get(pods, 'n/p7'), { conditions: [{ type: 'Ready', status: 'False' }] })
  await world.settle()
  assert.equal(world.api.log.filter(line => line.includes('endpointslices')).length, 1)
  await world.stop()
})

test('headless Services say so, take both families, and publish what is not ready when asked', async () => {
  const world = await makeWorld([endpointSlice, endpointsController])
  await world.client.create(
    services,
    service({ clusterIP: 'None', ipFamilies: ['IPv4', 'IPv6'], ports: [], publishNotReadyAddresses: true }),
  )
  await add(world, pod('a', '10.1.0.1'))
  await world.report(await world.client.get(pods, 'n/a'), {
    podIPs: [{ ip: '10.1.0.1' }, { ip: 'fd00::1' }],
    conditions: [],
  })
  await world.settle()
  assert.deepEqual(new Set(await shown(world)), new Set(['IPv4  10.1.0.1(r)', 'IPv6  fd00::1(r)']))
  assert.equal((await world.list(endpointSlices))[0]?.metadata.labels?.['service.kubernetes.io/headless'], '')
  await world.stop()
})

test('Services without a selector are left to others', async () => {
  const world = await makeWorld([endpointSlice, endpointsController])
  const { selector: _, ...spec } = service().spec
  await world.client.create(services, { ...service(), spec })
  await add(world, pod('a', '10.1.0.1'))
  assert.equal((await world.list(endpointSlices)).length + (await world.list(endpoints)).length, 0)
  await world.stop()
})
