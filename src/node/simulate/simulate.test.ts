import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { makeClient } from '#client/client.ts'
import { makeFakeClock, settle } from '#client/fake-clock.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { makeFakeApi } from '#client/fake.ts'
import { leases, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { simulateNodes } from './nodes.ts'
import { runSeconds } from './pod.ts'

async function simulated() {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  const client = makeClient(api.transport)
  const reader = fakeReader(api)
  const parts = { client, reader, clock, log: silentLog, names: ['n1', 'n2'], version: 'v1.36.0' }
  return { clock, client, simulation: await simulateNodes(parts) }
}

const pod = (name: string, spec: Partial<Pod['spec']> = {}, annotations = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', annotations },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], ...spec },
})

test('nodes are Ready and renew their leases', async () => {
  const { clock, client, simulation } = await simulated()
  const node = await client.get(nodes, 'n2')
  assert.equal(node.status?.conditions?.find(one => one.type === 'Ready')?.status, 'True')
  const before = await client.get(leases, 'kube-node-lease/n2')
  await clock.advance(10_000)
  const after = await client.get(leases, 'kube-node-lease/n2')
  assert.notEqual(after.spec.renewTime, before.spec.renewTime)
  await simulation.stop()
})

test('a pod becomes ready with an address, and a deletion is finished', async () => {
  const { client, simulation } = await simulated()
  await client.create(pods, pod('a'))
  await settle()
  const running = await client.get(pods, 'default/a')
  assert.equal(running.status?.phase, 'Running')
  assert.equal(running.status.podIP, '10.128.0.1')
  assert.equal(running.status.conditions?.find(one => one.type === 'Ready')?.status, 'True')
  await client.delete(pods, 'default/a', { gracePeriodSeconds: 30 })
  await settle()
  assert.equal(await client.find(pods, 'default/a'), undefined)
  await simulation.stop()
})

test('a pod with a run time ends, one of another node is left alone', async () => {
  const { clock, client, simulation } = await simulated()
  await client.create(pods, pod('a', { restartPolicy: 'Never' }, { [runSeconds]: '5' }))
  await client.create(pods, pod('b', { nodeName: 'other' }))
  await settle()
  await clock.advance(4_000)
  assert.equal((await client.get(pods, 'default/a')).status?.phase, 'Running')
  await clock.advance(1_500)
  const ended = await client.get(pods, 'default/a')
  assert.equal(ended.status?.phase, 'Succeeded')
  assert.equal(ended.status.containerStatuses?.[0]?.state?.terminated?.reason, 'Completed')
  assert.equal((await client.get(pods, 'default/b')).status, undefined)
  await simulation.stop()
})

test('a deadline that is given later ends a pod, and changes of what it asks for are seen', async () => {
  const { clock, client, simulation } = await simulated()
  await client.create(pods, pod('a'))
  await settle()
  await client.patch(pods, 'default/a', { type: 'merge', content: { spec: { activeDeadlineSeconds: 5 } } })
  await settle()
  const running = await client.get(pods, 'default/a')
  assert.equal(running.status?.phase, 'Running')
  assert.equal(running.status.observedGeneration, running.metadata.generation)
  await clock.advance(6_000)
  const { status } = await client.get(pods, 'default/a')
  assert.equal(status?.phase, 'Failed')
  assert.equal(status.reason, 'DeadlineExceeded')
  await simulation.stop()
})
