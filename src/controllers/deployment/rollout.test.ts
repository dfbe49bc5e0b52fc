/** Whole rollouts as text: what a Deployment and its ReplicaSets do, step by step. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments, pods, replicaSets } from '#kinds/facts/generated/refs.ts'
import type { Deployment } from '#kinds/facts/generated/types/apps_v1.ts'
import { refusal } from '#client/fake.ts'
import { replicaSet } from '../replicaset.ts'
import { type World, makeWorld } from '../world.ts'
import { deployment } from './index.ts'

const web = (image: string, spec: Partial<Deployment['spec']> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'n' },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 2,
    ...spec,
  },
})

async function change(world: World, spec: Partial<Deployment['spec']>): Promise<void> {
  const { metadata, ...current } = await world.client.get(deployments, 'n/web')
  const { resourceVersion: _, ...rest } = metadata
  await world.client.update(deployments, { ...current, metadata: rest, spec: { ...current.spec, ...spec } })
  await world.settle()
}

async function turnOver(world: World): Promise<void> {
  await world.startPods()
  await world.endPods()
}

/** `image wanted/ready` of each ReplicaSet, oldest first. */
async function sizes(world: World): Promise<string> {
  const sets = await world.list(replicaSets)
  return sets
    .toSorted((a, b) => Number(a.metadata.uid?.slice(4)) - Number(b.metadata.uid?.slice(4)))
    .map(
      set =>
        `${set.spec.template.spec.containers[0]?.image ?? ''} ${set.spec.replicas ?? 1}/${set.status?.readyReplicas ?? 0}`,
    )
    .join(', ')
}

async function progress(world: World): Promise<string> {
  const { status } = await world.client.get(deployments, 'n/web')
  return (status?.conditions ?? []).map(one => `${one.type}=${one.status} ${one.reason ?? ''}`).join(', ')
}

async function rolled(spec: Partial<Deployment['spec']> = {}): Promise<World> {
  const world = await makeWorld([deployment, replicaSet])
  await world.client.create(deployments, web('v1', spec))
  await world.settle()
  await world.startPods()
  await world.settle()
  return world
}

test('a rolling update keeps within surge and availability at every step', async () => {
  const world = await rolled()
  const steps = [await sizes(world), await progress(world)]
  await change(world, { template: web('v2').spec.template })
  for (let step = 0; step < 4; step++) {
    steps.push(await sizes(world))
    await world.startPods()
    await world.endPods()
    await world.settle()
  }
  steps.push(await sizes(world), await progress(world))
  assert.deepEqual(steps, [
    'v1 4/4',
    'Available=True MinimumReplicasAvailable, Progressing=True NewReplicaSetAvailable',
    'v1 3/3, v2 2/0',
    'v1 1/1, v2 4/2',
    'v1 0/0, v2 4/4',
    'v1 0/0, v2 4/4',
    'v1 0/0, v2 4/4',
    'Available=True MinimumReplicasAvailable, Progressing=True NewReplicaSetAvailable',
  ])
  const [old, next] = await world.list(replicaSets)
  const revisions = [old, next].map(set => set?.metadata.annotations?.['deployment.kubernetes.io/revision'])
  assert.deepEqual(new Set(revisions), new Set(['1', '2']))
  const { metadata, status } = await world.client.get(deployments, 'n/web')
  assert.equal(metadata.annotations?.['deployment.kubernetes.io/revision'], '2')
  assert.equal(status?.observedGeneration, 2)
  assert.match(status?.conditions?.[1]?.message ?? '', /^ReplicaSet "web-\w+" has successfully progressed\.$/)
  const scaling = (await world.said()).filter(text => text.startsWith('ScalingReplicaSet'))
  assert.match(scaling[0] ?? '', /Scaled up replica set web-\w+ from 0 to 4/)
  await world.stop()
})

test('going back to an old template takes its ReplicaSet again and gives it a new revision', async () => {
  const world = await rolled()
  await change(world, { template: web('v2').spec.template })
  for (let step = 0; step < 4; step++) await turnOver(world)
  await change(world, { template: web('v1').spec.template })
  for (let step = 0; step < 4; step++) await turnOver(world)
  await world.settle()
  assert.equal(await sizes(world), 'v1 4/4, v2 0/0')
  const first = (await world.list(replicaSets)).find(set => set.spec.replicas === 4)
  assert.equal(first?.metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
  assert.equal(first.metadata.annotations['deployment.kubernetes.io/revision-history'], '1')
  await world.stop()
})

test('scaling in the middle of a rollout keeps proportions', async () => {
  const world = await rolled({
    replicas: 10,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
  })
  await change(world, { template: web('v2').spec.template })
  assert.equal(await sizes(world), 'v1 8/8, v2 5/0')
  await change(world, { replicas: 15 })
  assert.equal(await sizes(world), 'v1 11/8, v2 7/0')
  await world.stop()
})

test('recreate waits until nothing old runs', async () => {
  const world = await rolled({ strategy: { type: 'Recreate' } })
  await change(world, { template: web('v2').spec.template })
  assert.equal(await sizes(world), 'v1 0/0')
  await world.endPods()
  await world.settle()
  await world.startPods()
  await world.settle()
  assert.equal(await sizes(world), 'v1 0/0, v2 4/4')
  await world.stop()
})

test('a paused Deployment only scales; its deadline stops', async () => {
  const world = await rolled()
  await change(world, { paused: true, template: web('v2').spec.template, replicas: 6 })
  assert.equal(await sizes(world), 'v1 6/4')
  assert.match(await progress(world), /Progressing=True NewReplicaSetAvailable|Progressing=Unknown DeploymentPaused/)
  await change(world, { paused: false })
  assert.match(await sizes(world), /v2/)
  await world.stop()
})

test('what does not progress in time says so', async () => {
  const world = await rolled()
  await change(world, { template: web('broken').spec.template })
  await world.clock.advance(602_000)
  assert.match(await progress(world), /Progressing=False ProgressDeadlineExceeded/)
  await world.stop()
})

test('old revisions beyond the limit are deleted', async () => {
  const world = await rolled({ revisionHistoryLimit: 1 })
  for (const image of ['v2', 'v3', 'v4']) {
    await change(world, { template: web(image).spec.template })
    for (let step = 0; step < 4; step++) await turnOver(world)
    await world.settle()
  }
  assert.equal(await sizes(world), 'v3 0/0, v4 4/4')
  await world.stop()
})

test('a refusal to create pods is reported up to the Deployment and goes away', async () => {
  const world = await makeWorld([deployment, replicaSet])
  world.api.before = request => {
    if (request.verb === 'create' && request.resource === 'pods') throw refusal('Forbidden', 'exceeded quota')
  }
  await world.client.create(deployments, web('v1'))
  await world.settle()
  await world.clock.advance(100)
  assert.match(await progress(world), /ReplicaFailure=True FailedCreate/)
  assert.ok((await world.said()).includes('FailedCreate: Error creating: exceeded quota'))
  world.api.before = () => undefined
  await world.clock.advance(10_000)
  await world.startPods()
  await world.settle()
  assert.doesNotMatch(await progress(world), /ReplicaFailure/)
  assert.equal((await world.list(pods)).length, 4)
  await world.stop()
})

test("a ReplicaSet of the wanted name that is somebody else's counts as a collision", async () => {
  const world = await rolled()
  const [set] = await world.list(replicaSets)
  assert.ok(set)
  const other = await makeWorld([deployment, replicaSet])
  const { resourceVersion: _, ownerReferences: __, uid: ___, ...metadata } = set.metadata
  const template = { ...set.spec.template, metadata: { labels: { app: 'other' } } }
  await other.client.create(replicaSets, {
    ...set,
    metadata: { ...metadata, labels: {} },
    spec: { ...set.spec, replicas: 0, selector: { matchLabels: { app: 'other' } }, template },
  })
  await other.client.create(deployments, web('v1'))
  await other.settle()
  await other.clock.advance(1000)
  const { status } = await other.client.get(deployments, 'n/web')
  assert.equal(status?.collisionCount, 1)
  assert.equal((await other.list(replicaSets)).length, 2)
  await world.stop()
  await other.stop()
})
