/** Addresses and ports that services hold alone. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { services } from '#kinds/facts/generated/refs.ts'
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { Client } from '#client/client.ts'
import { type Cluster, startCluster } from '#testing/startCluster.ts'

let cluster: Cluster
let client: Client
before(async () => {
  cluster = await startCluster({ controllers: false })
  client = cluster.client
})
after(() => cluster.stop())

const service = (name: string, spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ port: 80 }], ...spec } as NonNullable<Service['spec']>,
})
const nodePort = (name: string, port?: number): Service =>
  service(name, { type: 'NodePort', ports: [{ port: 80, ...(port === undefined ? {} : { nodePort: port }) }] as never })
const rows = (resource: string): number => cluster.plane.store.snapshot(resource).size
const addresses = 'ipaddresses.networking.k8s.io'
const ports = 'nodeports.internal.bulwark.dev'

test('services made at once share nothing', async () => {
  const made = await Promise.all(Array.from({ length: 100 }, (_, at) => client.create(services, nodePort(`s${at}`))))
  assert.equal(new Set(made.map(one => one.spec?.clusterIP)).size, 100)
  assert.equal(new Set(made.map(one => one.spec?.ports?.[0]?.nodePort)).size, 100)
})

test('of many that want one address or port, one gets it', async () => {
  const tries = (make: (name: string) => Service) =>
    Promise.allSettled(Array.from({ length: 10 }, (_, at) => client.create(services, make(`w${at}`))))
  for (const make of [
    (name: string) => service(name, { clusterIP: '10.96.0.77' }),
    (name: string) => nodePort(name, 30_077),
  ]) {
    const results = await tries(make)
    assert.equal(
      results.filter(one => one.status === 'fulfilled').length,
      1,
      results.map(one => (one.status === 'rejected' ? String(one.reason) : 'done')).join('\n'),
    )
    for (const one of results)
      if (one.status === 'rejected') assert.equal((one.reason as { reason: string }).reason, 'Invalid')
    for (let at = 0; at < 10; at++) await client.delete(services, `default/w${at}`).catch(() => undefined)
  }
})

test('what is deleted, refused or only tried holds nothing', async () => {
  const before_ = [rows(addresses), rows(ports)]
  await client.create(services, nodePort('brief', 30_078))
  assert.deepEqual(
    [rows(addresses), rows(ports)],
    before_.map(count => count + 1),
  )
  await assert.rejects(client.create(services, nodePort('brief', 30_079)), { reason: 'AlreadyExists' })
  await client.create(services, nodePort('tried', 30_080), { dryRun: true })
  await assert.rejects(client.create(services, nodePort('bad', 80)), { reason: 'Invalid' })
  await assert.rejects(client.create(services, service('bad', { clusterIP: '10.96.007.8' })), { reason: 'Invalid' })
  await assert.rejects(client.create(services, service('bad', { clusterIP: '10.97.0.1' })), { reason: 'Invalid' })
  assert.deepEqual(
    [rows(addresses), rows(ports)],
    before_.map(count => count + 1),
  )
  await client.delete(services, 'default/brief')
  assert.deepEqual([rows(addresses), rows(ports)], before_)
  const again = await client.create(services, nodePort('brief', 30_078))
  assert.equal(again.spec?.ports?.[0]?.nodePort, 30_078)
})

test('a PUT that says nothing of address and ports keeps them', async () => {
  const made = await client.create(services, nodePort('kept'))
  const count = [rows(addresses), rows(ports)]
  const put = await client.update(services, { ...nodePort('kept'), metadata: { ...made.metadata, labels: { a: 'b' } } })
  assert.deepEqual(put.spec?.clusterIP, made.spec?.clusterIP)
  assert.deepEqual(put.spec?.ports?.[0]?.nodePort, made.spec?.ports?.[0]?.nodePort)
  assert.deepEqual([rows(addresses), rows(ports)], count)
})

test('changes of type take and give back', async () => {
  const made = await client.create(services, service('turning'))
  const count = [rows(addresses), rows(ports)] as const
  const open = await client.update(services, { ...made, spec: { ...made.spec, type: 'NodePort' } as Service['spec'] })
  assert.deepEqual([rows(addresses), rows(ports)], [count[0], count[1] + 1])
  const moved = {
    ...open,
    spec: { ...open.spec, ports: [{ ...open.spec?.ports?.[0], nodePort: 30_085 }] } as Service['spec'],
  }
  await client.update(services, moved)
  assert.deepEqual([rows(addresses), rows(ports)], [count[0], count[1] + 1])
  const shut = { type: 'merge', content: { spec: { type: 'ClusterIP', ports: [{ port: 80 }] } } } as const
  const closed = await client.patch(services, 'default/turning', shut)
  assert.equal(closed.spec?.ports?.[0]?.nodePort, undefined)
  assert.deepEqual([rows(addresses), rows(ports)], count)
  const held = await client.patch(services, 'default/turning', {
    type: 'merge',
    content: { metadata: { finalizers: ['a.b/c'] } },
  })
  await client.delete(services, 'default/turning')
  assert.equal(rows(addresses), count[0])
  await client.update(services, { ...held, metadata: { ...held.metadata, resourceVersion: '', finalizers: [] } })
  assert.equal(rows(addresses), count[0] - 1)
})

test('a generated name that is taken gives its address back', async () => {
  const before_ = rows(addresses)
  const made = await client.create(services, {
    ...service(''),
    metadata: { generateName: 'gen-', namespace: 'default' },
  })
  assert.equal(rows(addresses), before_ + 1)
  await client.delete(services, `default/${made.metadata.name ?? ''}`)
  assert.equal(rows(addresses), before_)
})
