/** Pods on a simulated node: what may change, what their status tells, how they go. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, assertNewer, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi({ nodes: 1 })
})
after(() => api.stop())

const pod = (name: string, spec: object = {}, metadata: object = {}): object => ({
  metadata: { name, labels: { name }, ...metadata },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'agnhost', image: 'agnhost:1' }], ...spec },
})
const podsOf = async (): Promise<string> => `/api/v1/namespaces/${await api.namespace()}/pods`
const running = (path: string): Promise<Json> =>
  api.until(
    `${path} runs`,
    () => api.get(path),
    ({ status }) => status.phase === 'Running',
  )

async function run(pods: string, name: string, spec: object = {}, metadata: object = {}): Promise<Json> {
  await api.create(pods, pod(name, spec, metadata))
  return running(`${pods}/${name}`)
}

test('[sig-node] Pods should get a host IP [NodeConformance]', async () => {
  const { status } = await run(await podsOf(), 'pod-hostip')
  assert.match(status.hostIP, /^[\d.]+$/)
  assert.deepEqual(status.hostIPs, [{ ip: status.hostIP }])
})

test('[sig-node] Pods should be submitted and removed [NodeConformance]', async () => {
  const pods = await podsOf()
  const list = await api.get(pods)
  const watch = await api.watch(
    `${pods}?labelSelector=name%3Dpod-submit-remove&resourceVersion=${list.metadata.resourceVersion}`,
  )
  await run(pods, 'pod-submit-remove', { terminationGracePeriodSeconds: 30 })
  assert.equal((await watch.next()).type, 'ADDED')
  await api.delete(`${pods}/pod-submit-remove`, { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 30 })
  const { object } = await watch.until('deleted', ({ type }) => type === 'DELETED')
  watch.stop()
  assert.ok(object.metadata.deletionTimestamp)
  assert.equal(object.spec.terminationGracePeriodSeconds, 30)
  assert.deepEqual(await api.items(pods), [])
})

test('[sig-node] Pods should be updated [NodeConformance]', async () => {
  const pods = await podsOf()
  await run(pods, 'pod-update')
  await api.patch(`${pods}/pod-update`, { metadata: { labels: { time: 'later' } } })
  assert.equal((await api.items(`${pods}?labelSelector=time%3Dlater`)).length, 1)
})

test('[sig-node] Pods should allow activeDeadlineSeconds to be updated [NodeConformance]', async () => {
  const pods = await podsOf()
  await run(pods, 'pod-update-activedeadlineseconds')
  await api.patch(`${pods}/pod-update-activedeadlineseconds`, { spec: { activeDeadlineSeconds: 1 } })
  const { status } = await api.until(
    'it ends',
    () => api.get(`${pods}/pod-update-activedeadlineseconds`),
    one => one.status.phase === 'Failed',
  )
  assert.equal(status.reason, 'DeadlineExceeded')
})

test('[sig-node] Pods should delete a collection of pods', async () => {
  const pods = await podsOf()
  for (const name of ['test-pod-1', 'test-pod-2', 'test-pod-3'])
    await run(pods, name, {}, { labels: { type: 'Testing' } })
  const mine = `${pods}?labelSelector=type%3DTesting`
  assert.equal((await api.items(mine)).length, 3)
  await api.delete(mine, { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 1 })
  await api.until(
    'none',
    () => api.items(mine),
    found => found.length === 0,
  )
})

test('[sig-node] Pods should patch a pod status', async () => {
  const pods = await podsOf()
  await api.create(pods, pod('status'))
  const { metadata, status } = await api.patch(`${pods}/status/status`, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { message: 'Patched by e2e test', reason: 'E2E' },
  })
  assert.equal(metadata.annotations.patchedstatus, 'true')
  assert.equal(status.message, 'Patched by e2e test')
  assert.equal(status.reason, 'E2E')
})

test('[sig-node] Pods should run through the lifecycle of Pods and PodStatus', async () => {
  const pods = await podsOf()
  const before = await run(pods, 'pod-test', {}, { labels: { static: 'true' } })
  const path = `${pods}/pod-test`
  const containers = [{ name: 'agnhost', image: 'agnhost:2' }]
  await api.patch(
    path,
    { metadata: { labels: { 'test-pod': 'patched' } }, spec: { terminationGracePeriodSeconds: 1, containers } },
    'strategic',
  )
  const patched = await api.get(path)
  assert.equal(patched.metadata.labels['test-pod'], 'patched')
  assert.equal(patched.spec.containers[0].image, 'agnhost:2')
  assertNewer(patched, before)
  const unready = new Set(['Ready', 'ContainersReady'])
  const updated = await api.until(
    'the status is taken',
    async () => {
      const one = await api.get(`${path}/status`)
      const conditions = one.status.conditions.map((each: Json) =>
        unready.has(each.type) ? { ...each, status: 'False' } : each,
      )
      return api.call('PUT', `${path}/status`, { body: { ...one, status: { ...one.status, conditions } } })
    },
    ({ status }) => status === 200,
  )
  const said = updated.json.status.conditions.filter((one: Json) => unready.has(one.type) && one.status === 'False')
  assert.equal(said.length, 2)
  await api.delete(`${pods}?labelSelector=static%3Dtrue`)
  await api.until(
    'it is gone',
    () => api.call('GET', path),
    ({ status }) => status === 404,
  )
})

test('[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete [NodeConformance]', async () => {
  const pods = await podsOf()
  await api.create(
    pods,
    pod('bin-false', { containers: [{ name: 'bin-false', image: 'busybox', command: ['/bin/false'] }] }),
  )
  await api.delete(`${pods}/bin-false`)
  await api.until(
    'it is gone',
    () => api.call('GET', `${pods}/bin-false`),
    ({ status }) => status === 404,
  )
})

test('[sig-node] Pods Extended (pod generation) Pod Generation custom-set generation on new pods and graceful delete', async () => {
  const pods = await podsOf()
  const made = await run(
    pods,
    'generation',
    { terminationGracePeriodSeconds: 60 },
    { generation: 100, finalizers: ['e2e.example.com/seen'] },
  )
  assert.equal(made.metadata.generation, 1)
  await api.delete(`${pods}/generation?gracePeriodSeconds=60`)
  assert.equal((await api.get(`${pods}/generation`)).metadata.generation, 2)
  await api.patch(`${pods}/generation`, { metadata: { finalizers: null } })
})

test('[sig-node] Pods Extended (pod generation) Pod Generation issue 500 podspec updates and verify generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34]', async () => {
  const pods = await podsOf()
  await run(pods, 'generation', { activeDeadlineSeconds: 5000 })
  for (let seconds = 4999; seconds > 4500; seconds--)
    await api.patch(`${pods}/generation`, { spec: { activeDeadlineSeconds: seconds } })
  assert.equal((await api.get(`${pods}/generation`)).metadata.generation, 500)
  await api.until(
    'it is observed',
    () => api.get(`${pods}/generation`),
    ({ status }) => status.observedGeneration === 500,
  )
})

async function withClass(name: string, more: object): Promise<Json> {
  await api.create('/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name }, handler: 'runc', ...more })
  const pods = await podsOf()
  await api.create(pods, pod('classed', { runtimeClassName: name }))
  return api.until(
    'it is scheduled',
    () => api.get(`${pods}/classed`),
    ({ spec }) => spec.nodeName !== undefined,
  )
}

test('[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead [NodeConformance]', async () => {
  assert.equal((await withClass('plain', {})).spec.overhead, undefined)
})

test('[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead [NodeConformance]', async () => {
  const podFixed = { cpu: '10m', memory: '1Mi' }
  assert.deepEqual((await withClass('heavy', { overhead: { podFixed } })).spec.overhead, podFixed)
})
