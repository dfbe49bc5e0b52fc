/** DaemonSets and StatefulSets, step by step. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  controllerRevisions,
  daemonSets,
  nodes,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '#kinds/facts/generated/refs.ts'
import type { DaemonSet, StatefulSet } from '#kinds/facts/generated/types/apps_v1.ts'
import type { Node, NodeSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { keyOf } from '#api/metadata.ts'
import { daemonSet } from './daemonset.ts'
import { statefulSet } from './statefulset/index.ts'
import { type World, makeWorld } from './world.ts'

const template = (image: string) => ({
  metadata: { labels: { app: 'x' } },
  spec: { containers: [{ name: 'c', image }] },
})
const selector = { matchLabels: { app: 'x' } }

const node = (name: string, spec: NodeSpec = {}, labels: Record<string, string> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  spec,
})
const daemon = (image: string): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'd', namespace: 'n' },
  spec: {
    selector,
    template: template(image),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
  },
})

const shown = async (world: World): Promise<string> =>
  (await world.list(pods))
    .map(pod => {
      const target =
        pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]
      const where = target?.matchFields?.[0]?.values?.[0] ?? pod.metadata.name ?? ''
      return `${where}:${pod.spec.containers[0]?.image ?? ''}${pod.metadata.deletionTimestamp === undefined ? '' : '-'}`
    })
    .sort((a, b) => (a < b ? -1 : 1))
    .join(' ')

test('a DaemonSet has one pod on every node that will have it, and follows nodes', async () => {
  const world = await makeWorld([daemonSet])
  await world.client.create(nodes, node('a'))
  await world.client.create(nodes, node('b', { taints: [{ key: 'x', effect: 'NoSchedule' }] }))
  await world.client.create(
    nodes,
    node('c', { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] }),
  )
  await world.client.create(daemonSets, daemon('v1'))
  await world.settle()
  assert.equal(await shown(world), 'a:v1 c:v1')
  await world.client.create(nodes, node('d'))
  await world.settle()
  assert.equal(await shown(world), 'a:v1 c:v1 d:v1')
  await world.startPods()
  const { status } = await world.client.get(daemonSets, 'n/d')
  assert.deepEqual([status?.desiredNumberScheduled, status?.numberReady, status?.numberUnavailable], [3, 3, 0])
  await world.client.patch(nodes, 'a', {
    type: 'merge',
    content: { spec: { taints: [{ key: 'y', effect: 'NoExecute' }] } },
  })
  await world.settle()
  assert.equal(await shown(world), 'a:v1- c:v1 d:v1')
  await world.stop()
})

test('a DaemonSet is updated node by node', async () => {
  const world = await makeWorld([daemonSet])
  for (const name of ['a', 'b', 'c']) await world.client.create(nodes, node(name))
  await world.client.create(daemonSets, daemon('v1'))
  await world.settle()
  await world.startPods()
  await world.client.patch(daemonSets, 'n/d', { type: 'merge', content: { spec: { template: { ...template('v2') } } } })
  await world.settle()
  for (let step = 0; step < 3; step++) {
    assert.equal((await world.list(pods)).filter(pod => pod.metadata.deletionTimestamp !== undefined).length, 1)
    await world.endPods()
    await world.settle()
    await world.startPods()
  }
  assert.equal(await shown(world), 'a:v2 b:v2 c:v2')
  assert.deepEqual(
    (await world.list(controllerRevisions)).map(one => one.revision).sort((a, b) => a - b),
    [1, 2],
  )
  await world.stop()
})

test('a failed daemon pod is replaced, ever more slowly', async () => {
  const world = await makeWorld([daemonSet])
  await world.client.create(nodes, node('a'))
  await world.client.create(daemonSets, daemon('v1'))
  await world.settle()
  const fail = async (): Promise<void> => {
    const [pod] = await world.list(pods)
    assert.ok(pod)
    await world.report(pod, { phase: 'Failed' })
    await world.settle()
  }
  const [first] = await world.list(pods)
  await fail()
  const [second] = await world.list(pods)
  assert.notEqual(second?.metadata.uid, first?.metadata.uid)
  await fail()
  assert.equal((await world.list(pods))[0]?.metadata.uid, second?.metadata.uid, 'not at once again')
  await world.clock.advance(1100)
  assert.notEqual((await world.list(pods))[0]?.metadata.uid, second?.metadata.uid)
  assert.ok((await world.said()).some(text => text.startsWith('FailedDaemonPod: Found failed daemon pod n/d-')))
  await world.stop()
})

const stateful = (image: string, spec: Partial<StatefulSet['spec']> = {}): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 's', namespace: 'n' },
  spec: { replicas: 3, serviceName: 'svc', selector, template: template(image), ...spec },
})

const change = async (world: World, spec: object): Promise<void> => {
  await world.client.patch(statefulSets, 'n/s', { type: 'merge', content: { spec: { ...spec } } })
  await world.settle()
}

async function started(spec: Partial<StatefulSet['spec']> = {}): Promise<World> {
  const world = await makeWorld([statefulSet])
  await world.client.create(statefulSets, stateful('v1', spec))
  await world.settle()
  for (let step = 0; step < 3; step++) await world.startPods()
  return world
}

test('a StatefulSet starts its pods in order, each when the one before is ready', async () => {
  const claims = [
    { apiVersion: 'v1' as const, kind: 'PersistentVolumeClaim' as const, metadata: { name: 'data' }, spec: {} },
  ]
  const world = await makeWorld([statefulSet])
  await world.client.create(statefulSets, stateful('v1', { volumeClaimTemplates: claims }))
  await world.settle()
  const steps = [await shown(world)]
  for (let step = 0; step < 3; step++) {
    await world.startPods()
    steps.push(await shown(world))
  }
  assert.deepEqual(steps, ['s-0:v1', 's-0:v1 s-1:v1', 's-0:v1 s-1:v1 s-2:v1', 's-0:v1 s-1:v1 s-2:v1'])
  assert.deepEqual(
    (await world.list(persistentVolumeClaims)).map(one => one.metadata.name),
    ['data-s-0', 'data-s-1', 'data-s-2'],
  )
  const pod = await world.client.get(pods, 'n/s-1')
  assert.deepEqual(
    [pod.spec.hostname, pod.spec.subdomain, pod.spec.volumes?.[0]?.persistentVolumeClaim?.claimName],
    ['s-1', 'svc', 'data-s-1'],
  )
  assert.equal(pod.metadata.labels?.['apps.kubernetes.io/pod-index'], '1')
  assert.ok((await world.said()).includes('SuccessfulCreate: create Pod s-0 in StatefulSet s successful'))
  await world.stop()
})

test('it is updated and scaled down from the highest ordinal', async () => {
  const world = await started()
  await change(world, { template: { ...template('v2') } })
  const steps: string[] = []
  for (let step = 0; step < 3; step++) {
    steps.push(await shown(world))
    await world.endPods()
    await world.settle()
    await world.startPods()
  }
  assert.deepEqual(steps, ['s-0:v1 s-1:v1 s-2:v1-', 's-0:v1 s-1:v1- s-2:v2', 's-0:v1- s-1:v2 s-2:v2'])
  const { status } = await world.client.get(statefulSets, 'n/s')
  assert.equal(status?.currentRevision, status?.updateRevision)
  assert.deepEqual([status?.updatedReplicas, status?.currentReplicas, status?.readyReplicas], [3, 3, 3])
  await change(world, { replicas: 1 })
  assert.equal(await shown(world), 's-0:v2 s-1:v2 s-2:v2-')
  await world.endPods()
  await world.settle()
  assert.equal(await shown(world), 's-0:v2 s-1:v2-')
  await world.stop()
})

test('pods below the partition keep their revision, also when they are made anew', async () => {
  const world = await started({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } })
  await change(world, { template: { ...template('v2') } })
  await world.endPods()
  await world.settle()
  await world.startPods()
  assert.equal(await shown(world), 's-0:v1 s-1:v1 s-2:v2')
  await world.client.delete(pods, 'n/s-0', { gracePeriodSeconds: 0 })
  await world.settle()
  assert.equal(await shown(world), 's-0:v1 s-1:v1 s-2:v2')
  await world.stop()
})

test('Parallel starts all at once; a failed pod is made anew', async () => {
  const world = await makeWorld([statefulSet])
  await world.client.create(statefulSets, stateful('v1', { podManagementPolicy: 'Parallel' }))
  await world.settle()
  const all = await world.list(pods)
  assert.equal(all.length, 3)
  await world.report(all[0] ?? (await world.client.get(pods, 'n/s-0')), { phase: 'Failed' })
  await world.settle()
  const fresh = await world.client.get(pods, 'n/s-0')
  assert.notEqual(fresh.metadata.uid, all.find(pod => keyOf(pod) === 'n/s-0')?.metadata.uid)
  await world.stop()
})
