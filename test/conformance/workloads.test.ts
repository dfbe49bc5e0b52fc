/** Deployments and replica sets, with pods that run on a simulated node. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, openApi } from './api.ts'
import { makeMovedClock } from './clock.ts'
import { type Space, alive, complete, imagePatch, labels, openSpace, ready, set } from './workload.ts'

const clock = makeMovedClock()
let api: Api
before(async () => {
  api = await openApi({ nodes: 1, clock })
})
after(() => api.stop())

/** A deployment that takes over a replica set that is there already. */
async function adopting(
  strategy: object,
  more: object = {},
): Promise<{ readonly where: Space; readonly path: string; readonly old: string }> {
  const where = await openSpace(api)
  const old = `${where.apps}/replicasets/test-controller`
  await api.create(`${where.apps}/replicasets`, {
    ...set('test-controller', { replicas: 1 }),
    metadata: {
      name: 'test-controller',
      labels,
      annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' },
    },
  })
  await ready(api, old, 1)
  await api.create(`${where.apps}/deployments`, set('test', { replicas: 1, strategy, ...more }, 'agnhost:2'))
  return { where, path: `${where.apps}/deployments/test`, old }
}

test('[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones', async () => {
  const { where, path, old } = await adopting({ type: 'RollingUpdate' })
  const { metadata } = await complete(api, path, 1)
  assert.equal(metadata.annotations['deployment.kubernetes.io/revision'], '3546343826724305833')
  assert.equal((await api.get(old)).spec.replicas, 0)
  const pods = alive(await api.items(where.pods))
  assert.deepEqual(
    pods.map(({ spec }) => spec.containers[0].image),
    ['agnhost:2'],
  )
  assert.equal((await api.items(`${where.apps}/replicasets`)).length, 2)
})

test('[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones', async () => {
  const { pods, apps } = await openSpace(api)
  const path = `${apps}/deployments/test-recreate`
  await api.create(`${apps}/deployments`, set('test-recreate', { replicas: 1, strategy: { type: 'Recreate' } }))
  await complete(api, path, 1)
  const watch = await api.watch(`${pods}?resourceVersion=${(await api.get(pods)).metadata.resourceVersion}`)
  await api.patch(path, imagePatch('agnhost:2'), 'strategic')
  await complete(api, path, 1)
  // No new pod runs beside an old one.
  const next = await watch.until('the old goes or a new one comes', ({ type }) => type !== 'MODIFIED')
  assert.equal(next.type, 'DELETED')
  watch.stop()
})

test('[sig-apps] Deployment deployment should delete old replica sets', async () => {
  const { where, path } = await adopting({ type: 'RollingUpdate' }, { revisionHistoryLimit: 0 })
  await complete(api, path, 1)
  await api.until(
    'one set is left',
    () => api.items(`${where.apps}/replicasets`),
    found => found.length === 1,
  )
})

test('[sig-apps] Deployment deployment should support rollover', async () => {
  const { where, path, old } = await adopting(
    { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    { minReadySeconds: 10 },
  )
  const sets = `${where.apps}/replicasets`
  await api.until(
    'the rollout has begun',
    () => api.get(path),
    ({ status }) => (status.updatedReplicas ?? 0) >= 1,
  )
  const stuck = (await api.items(sets)).find(one => one.spec.template.spec.containers[0].image === 'agnhost:2')
  assert.equal((await api.get(old)).spec.replicas, 1)
  assert.equal(stuck.spec.replicas, 1)
  const { metadata } = await api.patch(path, imagePatch('agnhost:3'), 'strategic')
  await api.until(
    'it is seen',
    () => api.get(path),
    ({ status }) => status.observedGeneration >= metadata.generation,
  )
  await api.until(
    'the second rollout is complete',
    () => {
      clock.advance(1000)
      return api.get(path)
    },
    ({ status }) => status.updatedReplicas === 1 && status.replicas === 1 && status.availableReplicas === 1,
  )
  for (const name of [old, `${sets}/${stuck.metadata.name}`]) assert.equal((await api.get(name)).spec.replicas, 0)
})

test('[sig-apps] Deployment Deployment should have a working scale subresource', async () => {
  const { apps } = await openSpace(api)
  const path = `${apps}/deployments/scaled`
  await api.create(`${apps}/deployments`, set('scaled', { replicas: 1 }))
  await complete(api, path, 1)
  const scale = await api.get(`${path}/scale`)
  assert.deepEqual([scale.spec.replicas, scale.status.replicas], [1, 1])
  const { resourceVersion: _, ...metadata } = scale.metadata
  assert.equal((await api.update(`${path}/scale`, { ...scale, metadata, spec: { replicas: 2 } })).spec.replicas, 2)
  await complete(api, path, 2)
  await api.patch(`${path}/scale`, { spec: { replicas: 4 } }, 'strategic')
  await complete(api, path, 4)
})

test('[sig-apps] Deployment should run the lifecycle of a Deployment', async () => {
  const { apps } = await openSpace(api)
  const path = `${apps}/deployments/test`
  const watch = await api.watch(`${apps}/deployments`)
  await api.create(`${apps}/deployments`, set('test', { replicas: 2 }))
  await watch.until('added', ({ type }) => type === 'ADDED')
  await watch.until('ready', ({ object }) => object.status.readyReplicas === 2)
  await api.patch(path, { metadata: { labels: { test: 'patched' } }, spec: { replicas: 1 } }, 'strategic')
  await watch.until('patched', ({ object }) => object.metadata.labels.test === 'patched')
  await complete(api, path, 1)
  assert.equal((await api.items('/apis/apps/v1/deployments?labelSelector=test%3Dpatched')).length, 1)
  const updated = await api.until(
    'the update is taken',
    async () => {
      const one = await api.get(path)
      return api.call('PUT', path, { body: { ...one, spec: { ...one.spec, replicas: 2 } } })
    },
    ({ status }) => status === 200,
  )
  assert.equal(updated.json.spec.replicas, 2)
  await complete(api, path, 2)
  await api.patch(`${path}/status`, { status: { readyReplicas: 0, availableReplicas: 0 } }, 'strategic')
  await ready(api, path, 2)
  await api.delete(`${apps}/deployments?labelSelector=test%3Dpatched`)
  await watch.until('deleted', ({ type }) => type === 'DELETED')
  watch.stop()
})

test('[sig-apps] ReplicaSet Replicaset should have a working scale subresource', async () => {
  const { apps } = await openSpace(api)
  const path = `${apps}/replicasets/test-rs`
  await api.create(`${apps}/replicasets`, set('test-rs', { replicas: 1 }))
  await ready(api, path, 1)
  const scale = await api.get(`${path}/scale`)
  await api.update(`${path}/scale`, {
    ...scale,
    metadata: { ...scale.metadata, resourceVersion: '' },
    spec: { replicas: 2 },
  })
  await ready(api, path, 2)
  await api.patch(`${path}/scale`, { spec: { replicas: 4 } }, 'strategic')
  await ready(api, path, 4)
})

test('[sig-apps] ReplicaSet Replace and Patch tests', async () => {
  const { apps } = await openSpace(api)
  const path = `${apps}/replicasets/test-rs`
  await api.create(`${apps}/replicasets`, set('test-rs', { replicas: 1 }))
  const one = await ready(api, path, 1)
  await api.update(path, { ...one, spec: { ...one.spec, replicas: 2 } })
  const template = { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'test-rs', image: 'pause' }] } }
  await api.patch(
    path,
    { metadata: { labels: { 'test-rs': 'patched' } }, spec: { replicas: 3, template } },
    'strategic',
  )
  const { spec } = await api.until(
    'three are available',
    () => api.get(path),
    ({ status }) => status.readyReplicas === 3 && status.availableReplicas === 3,
  )
  assert.equal(spec.template.spec.containers[0].image, 'pause')
  assert.equal(spec.template.spec.terminationGracePeriodSeconds, 0)
})
