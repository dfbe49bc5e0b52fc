/** Owners and what they own, budgets and services, with pods that run on a simulated node. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi({ nodes: 1 })
})
after(() => api.stop())

interface Space {
  readonly name: string
  readonly core: string
  readonly apps: string
  readonly pods: string
}
async function space(): Promise<Space> {
  const name = await api.namespace()
  return {
    name,
    core: `/api/v1/namespaces/${name}`,
    apps: `/apis/apps/v1/namespaces/${name}`,
    pods: `/api/v1/namespaces/${name}/pods`,
  }
}

const containers = [{ name: 'nginx', image: 'nginx' }]
const rcOf = (name: string, replicas: number): object => ({
  metadata: { name },
  spec: { replicas, selector: { name }, template: { metadata: { labels: { name } }, spec: { containers } } },
})
const rsOf = (name: string, replicas: number): object => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { name } },
    template: { metadata: { labels: { name } }, spec: { containers } },
  },
})
const ready = (path: string, count: number): Promise<Json> =>
  api.until(
    `${count} are ready`,
    () => api.get(path),
    ({ status }) => status.readyReplicas === count,
  )
const absent = (path: string): Promise<unknown> =>
  api.until(
    `${path} is gone`,
    () => api.call('GET', path),
    ({ status }) => status === 404,
  )
const options = (propagationPolicy: string, { metadata }: Json): object => ({
  apiVersion: 'v1',
  kind: 'DeleteOptions',
  propagationPolicy,
  preconditions: { uid: metadata.uid },
})

test('[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial]', async () => {
  const { core, pods } = await space()
  const path = `${core}/replicationcontrollers/simpletest.rc`
  const rc = await api.create(`${core}/replicationcontrollers`, rcOf('simpletest.rc', 20))
  await ready(path, 20)
  await api.delete(path, options('Foreground', rc))
  await absent(path)
  assert.deepEqual(await api.items(pods), [])
})

test("[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Serial]", async () => {
  const { core, pods } = await space()
  const path = `${core}/replicationcontrollers/to-be-deleted`
  const first = await api.create(`${core}/replicationcontrollers`, rcOf('to-be-deleted', 10))
  const second = await api.create(`${core}/replicationcontrollers`, rcOf('to-stay', 0))
  await ready(path, 10)
  const owner = { apiVersion: 'v1', kind: 'ReplicationController', name: 'to-stay', uid: second.metadata.uid }
  for (const { metadata } of (await api.items(pods)).slice(0, 5))
    await api.patch(`${pods}/${metadata.name}`, { metadata: { ownerReferences: [owner] } }, 'strategic')
  await api.delete(path, options('Foreground', first))
  await absent(path)
  const left = await api.items(pods)
  assert.equal(left.length, 5)
  for (const { metadata } of left) {
    assert.equal(metadata.deletionTimestamp, undefined)
    assert.deepEqual(
      metadata.ownerReferences.map((one: Json) => one.uid),
      [second.metadata.uid],
    )
  }
})

test('[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Serial]', async () => {
  const { core, pods } = await space()
  const path = `${core}/replicationcontrollers/simpletest.rc`
  const rc = await api.create(`${core}/replicationcontrollers`, rcOf('simpletest.rc', 10))
  await ready(path, 10)
  await api.delete(path, options('Orphan', rc))
  await absent(path)
  const left = await api.items(pods)
  assert.equal(left.length, 10)
  for (const { metadata } of left) assert.equal(metadata.deletionTimestamp, undefined)
})

test('[sig-api-machinery] Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted', async () => {
  const { name, core, pods } = await space()
  await api.create(pods, { metadata: { name: 'test-pod' }, spec: { terminationGracePeriodSeconds: 1, containers } })
  await api.until(
    'it runs',
    () => api.get(`${pods}/test-pod`),
    ({ status }) => status.phase === 'Running',
  )
  await api.delete(core)
  await absent(core)
  await api.create('/api/v1/namespaces', { metadata: { name } })
  await api.refused(404, 'GET', `${pods}/test-pod`)
})

test('[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first', async () => {
  const { core, pods } = await space()
  const finalizers = ['e2e.example.com/finalizer']
  await api.create(pods, {
    metadata: { name: 'test-pod', finalizers },
    spec: { terminationGracePeriodSeconds: 1, containers },
  })
  await api.create(`${core}/configmaps`, { metadata: { name: 'test-configmap' }, data: { key: 'value' } })
  await api.delete(core)
  await api.until(
    'it says what it waits for',
    () => api.get(core),
    ({ status }) =>
      status.phase === 'Terminating' &&
      (status.conditions ?? []).some((one: Json) => one.type === 'NamespaceDeletionContentFailure'),
  )
  await api.get(`${core}/configmaps/test-configmap`)
  await api.until(
    'the pod is being deleted',
    () => api.get(`${pods}/test-pod`),
    ({ metadata }) => metadata.deletionTimestamp !== undefined,
  )
  await api.get(`${core}/configmaps/test-configmap`)
  await api.patch(`${pods}/test-pod`, { metadata: { finalizers: null } })
  await absent(core)
})

const budget = (spec: object): object => ({
  metadata: { name: 'foo' },
  spec: { selector: { matchLabels: { name: 'rs' } }, ...spec },
})
const budgetsOf = ({ name }: Space): string => `/apis/policy/v1/namespaces/${name}/poddisruptionbudgets`
const evict = ({ pods, name }: Space, { metadata }: Json): Promise<Json> =>
  api.call('POST', `${pods}/${metadata.name}/eviction`, {
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name, namespace: name } },
  })
const sound = async ({ pods }: Space): Promise<Json> => {
  const found = await api.until(
    'three run',
    () => api.items(pods),
    all =>
      all.filter(one => one.metadata.deletionTimestamp === undefined && one.status.phase === 'Running').length === 3,
  )
  return found.find(one => one.metadata.deletionTimestamp === undefined)
}

test('[sig-apps] DisruptionController should observe PodDisruptionBudget status updated', async () => {
  const where = await space()
  await api.create(budgetsOf(where), budget({ minAvailable: 1 }))
  await api.create(`${where.apps}/replicasets`, rsOf('rs', 3))
  await api.until(
    'disruptions are allowed',
    () => api.get(`${budgetsOf(where)}/foo`),
    ({ status }) => status.disruptionsAllowed > 0,
  )
})

test('[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it', async () => {
  const where = await space()
  const path = `${budgetsOf(where)}/foo`
  const blocked = ({ status, json }: Json): void => {
    assert.equal(status, 429)
    assert.ok(json.details.causes.some((one: Json) => one.reason === 'DisruptionBudget'))
  }
  await api.create(budgetsOf(where), budget({ minAvailable: 3 }))
  await api.create(`${where.apps}/replicasets`, rsOf('rs', 3))
  blocked(await evict(where, await sound(where)))
  await api.patch(path, { spec: { minAvailable: 2 } })
  const one = await sound(where)
  await api.until(
    'one may go',
    () => api.get(path),
    ({ status }) => status.currentHealthy === 3 && status.desiredHealthy === 2,
  )
  assert.equal((await evict(where, one)).status, 201)
  await api.patch(path, { spec: { minAvailable: null, maxUnavailable: 0 } })
  const another = await sound(where)
  blocked(await evict(where, another))
  await api.delete(path)
  await sound(where)
  assert.equal((await evict(where, another)).status, 201)
})

const controlledBy = (pod: Json, owner: Json): boolean =>
  (pod.metadata.ownerReferences ?? []).some((one: Json) => one.controller === true && one.uid === owner.metadata.uid)
const orphan = ({ pods }: Space, name: string): Promise<Json> =>
  api.create(pods, { metadata: { name, labels: { name } }, spec: { containers } })

test('[sig-apps] ReplicationController should adopt matching pods on creation', async () => {
  const where = await space()
  await orphan(where, 'pod-adoption')
  const rc = await api.create(`${where.core}/replicationcontrollers`, rcOf('pod-adoption', 1))
  await api.until(
    'it is adopted',
    () => api.get(`${where.pods}/pod-adoption`),
    pod => controlledBy(pod, rc),
  )
})

test('[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods', async () => {
  const where = await space()
  await orphan(where, 'adopt-release')
  const rs = await api.create(`${where.apps}/replicasets`, rsOf('adopt-release', 1))
  const path = `${where.pods}/adopt-release`
  await api.until(
    'it is adopted',
    () => api.get(path),
    pod => controlledBy(pod, rs),
  )
  await api.patch(path, { metadata: { labels: { name: 'not-matching' } } })
  await api.until(
    'it is released',
    () => api.get(path),
    pod => !controlledBy(pod, rs),
  )
})

test('[sig-apps] ReplicationController should test the lifecycle of a ReplicationController', async () => {
  const { core } = await space()
  const path = `${core}/replicationcontrollers/rc-test`
  const watch = await api.watch(`${core}/replicationcontrollers`)
  await api.create(`${core}/replicationcontrollers`, rcOf('rc-test', 1))
  await watch.until('added', ({ type }) => type === 'ADDED')
  await watch.until('ready', ({ object }) => object.status.readyReplicas === 1)
  await api.patch(path, { metadata: { labels: { 'test-rc': 'patched' } } }, 'strategic')
  await watch.until('patched', ({ object }) => object.metadata.labels?.['test-rc'] === 'patched')
  await api.patch(`${path}/status`, { status: { readyReplicas: 0, availableReplicas: 0 } }, 'strategic')
  await watch.until('its status is mended', ({ object }) => object.status.readyReplicas === 1)
  await api.patch(`${path}/scale`, { spec: { replicas: 2 } })
  await watch.until('scaled', ({ object }) => object.spec.replicas === 2 && object.status.readyReplicas === 2)
  assert.ok((await api.items('/api/v1/replicationcontrollers?labelSelector=test-rc%3Dpatched')).length === 1)
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' }
  await api.delete(`${core}/replicationcontrollers?labelSelector=test-rc%3Dpatched`, options)
  await watch.until('deleted', ({ type }) => type === 'DELETED')
  watch.stop()
})

const servicePods = ['pod1', 'pod2']
async function behind(where: Space): Promise<readonly string[]> {
  const ports = (count: number): object => ({
    name: `c${count}`,
    image: 'agnhost',
    ports: [{ name: `example-name-${count}`, containerPort: 3000 + count }],
  })
  for (const [at, name] of servicePods.entries())
    await api.create(where.pods, { metadata: { name, labels: { foo: 'bar' } }, spec: { containers: [ports(at)] } })
  await api.create(`${where.core}/services`, {
    metadata: { name: 'web' },
    spec: { selector: { foo: 'bar' }, ports: [{ name: 'example', port: 80, targetPort: 3000 }] },
  })
  const found = await api.until(
    'they run',
    () => api.items(where.pods),
    all => all.every(one => one.status.phase === 'Running'),
  )
  return found.map(one => one.status.podIP)
}

test('[sig-network] EndpointsController should create Endpoints for Pods matching a Service', async () => {
  const where = await space()
  const addresses = new Set(await behind(where))
  const found = await api.until(
    'the endpoints',
    () => api.call('GET', `${where.core}/endpoints/web`),
    ({ json }) => (json.subsets?.[0]?.addresses ?? []).length === addresses.size,
  )
  assert.deepEqual(new Set(found.json.subsets[0].addresses.map((one: Json) => one.ip)), addresses)
  assert.deepEqual(found.json.subsets[0].ports, [{ name: 'example', port: 3000, protocol: 'TCP' }])
})

test('[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service', async () => {
  const where = await space()
  const addresses = new Set(await behind(where))
  const [slice] = await api.until(
    'the slices',
    () =>
      api.items(
        `/apis/discovery.k8s.io/v1/namespaces/${where.name}/endpointslices?labelSelector=kubernetes.io/service-name%3Dweb`,
      ),
    ([one]) => one?.endpoints.filter((each: Json) => each.conditions.ready).length === addresses.size,
  )
  assert.deepEqual(new Set(slice.endpoints.flatMap((one: Json) => one.addresses)), addresses)
  for (const { targetRef } of slice.endpoints) assert.ok(servicePods.includes(targetRef.name))
  await api.until(
    'the endpoints',
    () => api.call('GET', `${where.core}/endpoints/web`),
    ({ status }) => status === 200,
  )
})

test('[sig-network] Service endpoints latency should not be very high', async () => {
  const where = await space()
  await api.create(`${where.core}/replicationcontrollers`, rcOf('svc-latency-rc', 1))
  await ready(`${where.core}/replicationcontrollers/svc-latency-rc`, 1)
  const watch = await api.watch(`${where.core}/endpoints`)
  // How long it takes is another place's to measure; here each service must get what stands behind it.
  for (let count = 0; count < 20; count++) {
    const name = `latency-svc-${count}`
    await api.create(`${where.core}/services`, {
      metadata: { name },
      spec: { selector: { name: 'svc-latency-rc' }, ports: [{ port: 80 }] },
    })
    await watch.until(
      name,
      ({ object }) => object.metadata.name === name && (object.subsets?.[0]?.addresses ?? []).length === 1,
    )
  }
  watch.stop()
})
