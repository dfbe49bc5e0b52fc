/** Stateful sets, daemon sets and jobs, with pods that run on a simulated node. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, openApi } from './api.ts'
import { makeMovedClock } from './clock.ts'
import { type Space, absent, alive, gone, imagePatch, openSpace, ready, set, podSpec } from './workload.ts'

const clock = makeMovedClock()
let api: Api
before(async () => {
  api = await openApi({ nodes: 1, clock })
})
after(() => api.stop())

const stateful = (replicas: number, spec: object = {}): object => set('ss', { replicas, serviceName: 'test', ...spec })

test('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource', async () => {
  const { apps } = await openSpace(api)
  const path = `${apps}/statefulsets/ss`
  await api.create(`${apps}/statefulsets`, stateful(1))
  await ready(api, path, 1)
  const scale = await api.get(`${path}/scale`)
  await api.update(`${path}/scale`, {
    ...scale,
    metadata: { ...scale.metadata, resourceVersion: '' },
    spec: { replicas: 2 },
  })
  assert.equal((await api.get(path)).spec.replicas, 2)
  await api.patch(`${path}/scale`, { spec: { replicas: 4 } }, 'strategic')
  assert.equal((await api.get(path)).spec.replicas, 4)
})

test('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates and phased rolling updates of template modifications', async () => {
  const { apps, pods } = await openSpace(api)
  const path = `${apps}/statefulsets/ss`
  const phase = (partition: number): object => ({ type: 'RollingUpdate', rollingUpdate: { partition } })
  await api.create(`${apps}/statefulsets`, stateful(3, { updateStrategy: phase(3) }))
  const first = await ready(api, path, 3)
  assert.equal(first.status.currentRevision, first.status.updateRevision)
  await api.patch(path, imagePatch('agnhost:2'), 'strategic')
  const canary = await api.until(
    'a new revision',
    () => api.get(path),
    ({ status }) => status.updateRevision !== first.status.updateRevision,
  )
  assert.notEqual(canary.status.currentRevision, canary.status.updateRevision)
  /** Pods below the partition are old, the others new. */
  const phased = (partition: number): Promise<unknown> =>
    api.until(
      `phase ${partition}`,
      () => api.items(pods),
      found =>
        found.length === 3 &&
        found.every(({ metadata, spec, status }) => {
          const old = Number(metadata.name.split('-').at(-1)) < partition
          const { updateRevision } = canary.status
          const revision = metadata.labels['controller-revision-hash']
          return (
            metadata.deletionTimestamp === undefined &&
            status.phase === 'Running' &&
            spec.containers[0].image === (old ? 'agnhost:1' : 'agnhost:2') &&
            (revision === updateRevision) === !old
          )
        }),
    )
  await phased(3)
  await api.patch(path, { spec: { updateStrategy: phase(2) } })
  await phased(2)
  for (const index of [0, 2]) await api.delete(`${pods}/ss-${index}`)
  await phased(2)
  for (const partition of [1, 0]) {
    await api.patch(path, { spec: { updateStrategy: phase(partition) } })
    await phased(partition)
  }
  await api.until(
    'it is the current one',
    () => api.get(path),
    ({ status }) => status.currentRevision === canary.status.updateRevision,
  )
})

test('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Should recreate evicted statefulset', async () => {
  const { apps, pods } = await openSpace(api)
  await api.create(`${apps}/statefulsets`, stateful(1))
  const path = `${pods}/ss-0`
  const running = (): Promise<Json> =>
    api.until(
      'it runs',
      () => api.call('GET', path),
      ({ json }) => json.status?.phase === 'Running',
    )
  const { json } = await running()
  // As a node says of a pod whose port is taken.
  await api.patch(`${path}/status`, {
    status: { phase: 'Failed', reason: 'NodePorts', message: 'Predicate NodePorts failed' },
  })
  const again = await api.until(
    'another runs',
    () => api.call('GET', path),
    one => one.json.status?.phase === 'Running' && one.json.metadata.uid !== json.metadata.uid,
  )
  assert.equal(again.json.metadata.name, 'ss-0')
})

const daemon = (spec: object = {}): object => set('daemon-set', spec)
const onNode = (pods: string): Promise<readonly Json[]> =>
  api.until(
    'one on the node',
    () => api.items(pods),
    found => found.length === 1 && found[0].status.phase === 'Running',
  )

test('[sig-apps] Daemon set [Serial] should run and stop simple daemon', async () => {
  const { apps, pods } = await openSpace(api)
  await api.create(`${apps}/daemonsets`, daemon())
  const [one] = await onNode(pods)
  const { status } = await api.until(
    'its status',
    () => api.get(`${apps}/daemonsets/daemon-set`),
    each => each.status.numberReady === 1,
  )
  assert.equal(status.desiredNumberScheduled, 1)
  await api.delete(`${pods}/${one.metadata.name}`)
  const [next] = await api.until(
    'it is revived',
    () => api.items(pods),
    ([each]) => each !== undefined && each.metadata.uid !== one.metadata.uid,
  )
  assert.ok(next)
  await api.delete(`${apps}/daemonsets/daemon-set`)
  await gone(api, pods)
})

test('[sig-apps] Daemon set [Serial] should run and stop complex daemon', async () => {
  const { apps, pods } = await openSpace(api)
  const color = (value: string): Promise<Json> =>
    api.patch('/api/v1/nodes/node-0', { metadata: { labels: { color: value } } })
  const selecting = (value: string): object => ({ spec: { template: { spec: { nodeSelector: { color: value } } } } })
  await api.create(`${apps}/daemonsets`, daemon())
  await api.patch(`${apps}/daemonsets/daemon-set`, selecting('blue'), 'strategic')
  await gone(api, pods)
  await color('blue')
  await onNode(pods)
  await color('green')
  await gone(api, pods)
  await api.patch(
    `${apps}/daemonsets/daemon-set`,
    { ...selecting('green'), updateStrategy: { type: 'RollingUpdate' } },
    'strategic',
  )
  await onNode(pods)
})

test('[sig-apps] Daemon set [Serial] should retry creating failed daemon pods', async () => {
  const { apps, pods } = await openSpace(api)
  await api.create(`${apps}/daemonsets`, daemon())
  const [one] = await onNode(pods)
  await api.patch(`${pods}/${one.metadata.name}/status`, { status: { phase: 'Failed' } })
  await absent(api, `${pods}/${one.metadata.name}`)
  await onNode(pods)
})

test('[sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate', async () => {
  const { apps, pods } = await openSpace(api)
  await api.create(`${apps}/daemonsets`, daemon({ updateStrategy: { type: 'RollingUpdate' } }))
  const [one] = await onNode(pods)
  const hash = 'controller-revision-hash'
  await api.patch(`${apps}/daemonsets/daemon-set`, imagePatch('agnhost:2'), 'strategic')
  const [next] = await api.until(
    'it is of the new image',
    () => api.items(pods),
    ([each]) => each?.spec.containers[0].image === 'agnhost:2' && each.status.phase === 'Running',
  )
  assert.notEqual(next.metadata.labels[hash], one.metadata.labels[hash])
  assert.equal((await api.items(`${apps}/controllerrevisions`)).length, 2)
})

/** A job whose pods run until somebody ends them. */
const job = (name: string, spec: object): object => ({
  metadata: { name },
  spec: {
    ...spec,
    template: {
      metadata: { annotations: { 'simulate.bulwark.dev/run-seconds': '3600' } },
      spec: { ...podSpec(), restartPolicy: 'Never' },
    },
  },
})
const active = ({ pods }: Space, count: number): Promise<readonly Json[]> =>
  api.until(
    `${count} run`,
    () => api.items(pods),
    found => alive(found).filter(({ status }) => status.phase === 'Running').length === count,
  )

test('[sig-apps] Job should delete a job', async () => {
  const where = await openSpace(api)
  await api.create(where.jobs, job('foo', { parallelism: 2, completions: 4 }))
  await active(where, 2)
  await api.delete(`${where.jobs}/foo`, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Foreground' })
  await absent(api, `${where.jobs}/foo`)
  await gone(api, where.pods)
})

test('[sig-apps] Job should adopt matching orphans and release non-matching pods', async () => {
  const where = await openSpace(api)
  const made = await api.create(where.jobs, job('adopt-release', { parallelism: 2, completions: 4 }))
  const [pod] = await active(where, 2)
  const path = `${where.pods}/${pod.metadata.name}`
  const owned = ({ metadata }: Json): boolean =>
    (metadata.ownerReferences ?? []).some((one: Json) => one.controller && one.uid === made.metadata.uid)
  await api.patch(path, { metadata: { ownerReferences: null } })
  await api.until('it is adopted', () => api.get(path), owned)
  await api.patch(path, { metadata: { labels: null } })
  await api.until(
    'it is released',
    () => api.get(path),
    one => !owned(one),
  )
})

test('[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition', async () => {
  const where = await openSpace(api)
  const podFailurePolicy = {
    rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
  }
  await api.create(where.jobs, {
    metadata: { name: 'evicted' },
    spec: {
      parallelism: 3,
      completions: 3,
      backoffLimit: 0,
      completionMode: 'Indexed',
      podFailurePolicy,
      template: {
        metadata: { annotations: { 'simulate.bulwark.dev/run-seconds': '5' } },
        spec: { ...podSpec(), restartPolicy: 'Never' },
      },
    },
  })
  for (const { metadata } of await active(where, 3)) {
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name, namespace: where.name } }
    await api.create(`${where.pods}/${metadata.name}/eviction`, body)
    await absent(api, `${where.pods}/${metadata.name}`)
  }
  const { status } = await api.until(
    'the job is complete',
    () => {
      clock.advance(500)
      return api.get(`${where.jobs}/evicted`)
    },
    one => (one.status.conditions ?? []).some((each: Json) => each.type === 'Complete' || each.type === 'Failed'),
  )
  assert.equal(status.succeeded, 3)
  assert.equal(status.failed ?? 0, 0)
})
