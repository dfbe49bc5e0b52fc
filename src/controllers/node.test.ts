/** What becomes of nodes that fall silent, and of their pods. */
import { noNodeInfo } from '#kinds/facts/node-info.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leases, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Node, Pod, PodSpec, Taint } from '#kinds/facts/generated/types/core_v1.ts'
import { microTimestamp, timestamp } from '#base/clock.ts'
import { nodeLifecycle } from './node-lifecycle.ts'
import { podGarbage } from './pod-gc.ts'
import { taintEviction } from './taint-eviction.ts'
import { type World, makeWorld } from './world.ts'

const node = (name: string, world: World): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  spec: {},
  status: {
    conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: timestamp(world.clock.now()) }],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: noNodeInfo,
  },
})
const pod = (name: string, nodeName: string, spec: Partial<PodSpec> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n' },
  spec: { containers: [{ name: 'c' }], nodeName, ...spec },
})

async function beat(world: World, name: string): Promise<void> {
  const key = `kube-node-lease/${name}`
  const spec = { holderIdentity: name, renewTime: microTimestamp(world.clock.now()) }
  const existing = await world.client.find(leases, key)
  if (existing === undefined)
    await world.client.create(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: 'kube-node-lease' },
      spec,
    })
  else await world.client.update(leases, { ...existing, spec })
}

const taints = async (world: World, name: string): Promise<string> =>
  ((await world.client.get(nodes, name)).spec.taints ?? [])
    .map(one => `${one.key.split('/')[1] ?? one.key}:${one.effect}`)
    .join(' ')

async function pass(world: World, seconds: number, living: readonly string[]): Promise<void> {
  for (let left = seconds; left > 0; left -= 10) {
    for (const name of living) await beat(world, name)
    await world.clock.advance(Math.min(10, left) * 1000)
  }
}

test('a silent node becomes Unknown and tainted, its pods unready and then evicted; a word from it heals', async () => {
  const world = await makeWorld([nodeLifecycle, taintEviction])
  for (const name of ['a', 'b']) {
    await world.client.create(nodes, node(name, world))
    await beat(world, name)
  }
  const tolerations = [
    {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists' as const,
      effect: 'NoExecute' as const,
      tolerationSeconds: 60,
    },
  ]
  await world.client.create(pods, pod('p', 'a', { tolerations }))
  await world.report(await world.client.get(pods, 'n/p'), {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
  })
  await world.settle()
  await pass(world, 45, ['b'])
  assert.equal(await taints(world, 'a'), '')
  await pass(world, 10, ['b'])
  assert.equal(await taints(world, 'a'), 'unreachable:NoSchedule unreachable:NoExecute')
  const { status } = await world.client.get(nodes, 'a')
  assert.deepEqual(
    status?.conditions?.map(one => `${one.type} ${one.status} ${one.reason ?? ''}`)[0],
    'Ready Unknown NodeStatusUnknown',
  )
  assert.equal((await world.client.get(pods, 'n/p')).status?.conditions?.[0]?.status, 'False')
  await pass(world, 30, ['b'])
  assert.equal((await world.client.get(pods, 'n/p')).metadata.deletionTimestamp, undefined)
  await pass(world, 40, ['b'])
  assert.ok((await world.client.get(pods, 'n/p')).metadata.deletionTimestamp !== undefined)
  assert.ok((await world.said()).includes('TaintManagerEviction: Marking for deletion Pod n/p'))
  await world.client.updateStatus(nodes, { ...node('a', world), metadata: { name: 'a' } })
  await beat(world, 'a')
  await world.settle()
  assert.equal(await taints(world, 'a'), '')
  await world.stop()
})

test('when every node falls silent nobody is evicted', async () => {
  const world = await makeWorld([nodeLifecycle, taintEviction])
  await world.client.create(nodes, node('a', world))
  await world.settle()
  await pass(world, 60, [])
  assert.equal(await taints(world, 'a'), 'unreachable:NoSchedule')
  await world.stop()
})

test('pods leave a tainted node at once or after what they tolerate, and stay when the taint goes', async () => {
  const world = await makeWorld([taintEviction])
  const at = await world.client.create(nodes, node('a', world))
  const tolerate = (tolerationSeconds?: number) => ({
    tolerations: [
      { key: 'x', operator: 'Exists' as const, ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }) },
    ],
  })
  await world.client.create(pods, pod('never', 'a'))
  await world.client.create(pods, pod('while', 'a', tolerate(30)))
  await world.client.create(pods, pod('ever', 'a', tolerate()))
  const taint: Taint[] = [{ key: 'x', effect: 'NoExecute' }]
  const tainted = await world.client.update(nodes, { ...at, spec: { taints: taint } })
  await world.settle()
  await world.clock.advance(1000)
  const left = async () =>
    (await world.list(pods)).filter(one => one.metadata.deletionTimestamp === undefined).map(one => one.metadata.name)
  assert.deepEqual(await left(), ['ever', 'while'])
  await world.client.update(nodes, { ...tainted, spec: {} })
  await world.clock.advance(60_000)
  assert.deepEqual(await left(), ['ever', 'while'])
  await world.stop()
})

test('pods of a node that is gone are failed and removed, and so is the excess of ended ones', async () => {
  const world = await makeWorld([podGarbage(2)])
  await world.client.create(nodes, node('a', world))
  await world.client.create(pods, pod('there', 'a'))
  await world.client.create(pods, pod('lost', 'gone'))
  await world.settle()
  for (let i = 0; i < 4; i++) {
    const one = await world.client.create(pods, pod(`done${i}`, 'a'))
    await world.report(one, { phase: 'Succeeded' })
    await world.clock.advance(1000)
  }
  await world.clock.advance(60_000)
  assert.deepEqual(
    (await world.list(pods)).map(one => one.metadata.name),
    ['done2', 'done3', 'there'],
  )
  await world.client.delete(nodes, 'a')
  await world.settle()
  await world.clock.advance(60_000)
  assert.deepEqual(
    (await world.list(pods)).map(one => one.metadata.name),
    [],
  )
  await world.stop()
})
