import { noNodeInfo } from '#kinds/facts/node-info.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Node, Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { loopPace } from '#client/pace.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { refusal } from '#client/fake.ts'
import { makeWorld } from '#controllers/world.ts'
import { startScheduler } from './index.ts'

async function world() {
  const base = await makeWorld([])
  const { client, clock, api } = base
  const scheduler = startScheduler({
    client,
    clock,
    reader: fakeReader(api),
    log: silentLog,
    pace: loopPace(),
    random: () => 0,
  })
  await scheduler.ready
  const addNode = (name: string, cpu = '2'): Promise<Node> =>
    client.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: {},
      status: {
        allocatable: { cpu, memory: '4Gi', pods: '10' },
        daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
        nodeInfo: noNodeInfo,
      },
    })
  const addPod = (name: string, cpu: string, spec: Partial<PodSpec> = {}): Promise<Pod> =>
    client.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'n' },
      spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }], ...spec },
    })
  const placed = async (): Promise<string> =>
    (await base.list(pods)).map(pod => `${pod.metadata.name ?? ''}=${pod.spec.nodeName ?? '-'}`).join(' ')
  const stop = async (): Promise<void> => {
    await scheduler.stop()
    await base.stop()
  }
  return { ...base, addNode, addPod, placed, stop, scheduler }
}

test('pods are bound, told where, and wait with a reason until there is room', async () => {
  const w = await world()
  await w.addPod('a', '1500m')
  await w.addPod('b', '1500m')
  await w.settle()
  assert.equal(await w.placed(), 'a=- b=-')
  await w.addNode('n1')
  await w.clock.advance(2000)
  assert.equal(await w.placed(), 'a=n1 b=-')
  const { status } = await w.client.get(pods, 'n/b')
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.'
  assert.deepEqual(
    status?.conditions?.map(one => [one.type, one.status, one.reason, one.message]),
    [['PodScheduled', 'False', 'Unschedulable', message]],
  )
  await w.client.delete(pods, 'n/a', { gracePeriodSeconds: 0 })
  await w.clock.advance(10_000)
  assert.equal(await w.placed(), 'b=n1')
  const said = await w.said()
  assert.ok(said.includes('Scheduled: Successfully assigned n/b to n1'))
  assert.ok(said.includes(`FailedScheduling: ${message}`))
  await w.stop()
})

test('the more important goes first; gated pods and those of other schedulers are left', async () => {
  const w = await world()
  await w.addPod('low', '2', { priority: 1 })
  await w.addPod('high', '2', { priority: 9 })
  await w.addPod('gated', '0', { schedulingGates: [{ name: 'x' }] })
  await w.addPod('foreign', '0', { schedulerName: 'other' })
  await w.settle()
  await w.clock.advance(2000)
  await w.addNode('n1')
  await w.clock.advance(2000)
  assert.equal(await w.placed(), 'foreign=- gated=- high=n1 low=-')
  await w.client.patch(pods, 'n/gated', { type: 'merge', content: { spec: { schedulingGates: [] } } })
  await w.settle()
  assert.match(await w.placed(), /gated=n1/)
  await w.stop()
})

test('a refused binding gives the room back and is tried again', async () => {
  const w = await world()
  let refusals = 1
  w.api.before = request => {
    if (request.verb === 'create' && request.subresource === 'binding' && refusals-- > 0)
      throw refusal('Timeout', 'slow')
  }
  await w.addNode('n1')
  await w.addPod('a', '2')
  await w.settle()
  assert.equal(await w.placed(), 'a=-')
  await w.clock.advance(2000)
  assert.equal(await w.placed(), 'a=n1')
  await w.stop()
})

test('a preemption as text', async () => {
  const w = await world()
  await w.addNode('n1')
  await w.addPod('low', '2', { priority: 1 })
  await w.settle()
  await w.addPod('high', '2', { priority: 9 })
  await w.settle()
  assert.equal((await w.client.get(pods, 'n/high')).status?.nominatedNodeName, 'n1')
  assert.ok((await w.client.get(pods, 'n/low')).metadata.deletionTimestamp !== undefined)
  // Less important ones do not get the room that was made.
  await w.addPod('late', '1', { priority: 1 })
  await w.endPods()
  await w.clock.advance(15_000)
  assert.equal(await w.placed(), 'high=n1 late=-')
  assert.ok((await w.said()).some(text => text.startsWith('Preempted: Preempted by pod uid-')))
  await w.stop()
})
