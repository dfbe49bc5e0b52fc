/** Quotas: what counts, what is refused, and ranges that fill in what a pod does not say. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi({ nodes: 0 })
})
after(() => api.stop())

const extended = 'example.com/dongle'
const hard = {
  pods: '5',
  services: '10',
  'services.nodeports': '1',
  'services.loadbalancers': '1',
  replicationcontrollers: '10',
  resourcequotas: '1',
  cpu: '1',
  memory: '500Mi',
  configmaps: '10',
  secrets: '10',
  persistentvolumeclaims: '10',
  'requests.storage': '10Gi',
  'ephemeral-storage': '50Gi',
  'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '10',
  'gold.storageclass.storage.k8s.io/requests.storage': '10Gi',
  'count/replicasets.apps': '5',
  [`requests.${extended}`]: '3',
}

interface Namespace {
  readonly name: string
  readonly core: string
  /** Waits until a quota says so. */
  readonly used: (amounts: Readonly<Record<string, string>>, quota?: string) => Promise<void>
}

async function namespaced(): Promise<Namespace> {
  const name = await api.namespace()
  const core = `/api/v1/namespaces/${name}`
  const used: Namespace['used'] = async (amounts, quota = 'test-quota') => {
    await api.until(
      `used: ${JSON.stringify(amounts)}`,
      async () => (await api.get(`${core}/resourcequotas/${quota}`)).status?.used ?? {},
      found => Object.entries(amounts).every(([key, amount]) => found[key] === amount),
    )
  }
  return { name, core, used }
}

/** With a quota that is counted already. */
async function limited(more: Readonly<Record<string, string>> = {}): Promise<Namespace> {
  const space = await namespaced()
  await api.create(`${space.core}/resourcequotas`, {
    metadata: { name: 'test-quota' },
    spec: { hard: { ...hard, ...more } },
  })
  await space.used({ resourcequotas: '1' })
  return space
}

const pod = (name: string, resources: object, spec: object = {}): object => ({
  metadata: { name },
  spec: { ...spec, containers: [{ name: 'pause', image: 'pause', resources }] },
})
const small = { requests: { cpu: '500m', memory: '200Mi' }, limits: { cpu: '1', memory: '400Mi' } }
const atOnce = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 }

interface Life {
  readonly path: string
  readonly object: Json
  readonly counts: string
  /** How many there are without it. */
  readonly already?: number
}

/** An object that comes is counted, one that goes is not. */
async function live({ used }: Namespace, { path, object, counts, already = 0 }: Life): Promise<void> {
  await used({ [counts]: String(already) })
  await api.create(path, object)
  await used({ [counts]: String(already + 1) })
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' }
  await api.delete(`${path}/${object.metadata.name}`, options)
  await used({ [counts]: String(already) })
}

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated.', async () => {
  await limited()
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret.', async () => {
  const space = await limited({ secrets: '1' })
  await live(space, {
    path: `${space.core}/secrets`,
    object: { metadata: { name: 'test-secret' }, data: { 'data-1': 'dmFsdWU=' } },
    counts: 'secrets',
  })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap.', async () => {
  const space = await limited({ configmaps: '2' })
  await api.until(
    'the certificates',
    () => api.items(`${space.core}/configmaps`),
    found => found.length === 1,
  )
  await live(space, {
    path: `${space.core}/configmaps`,
    object: { metadata: { name: 'test-configmap' }, data: { a: 'a' } },
    counts: 'configmaps',
    already: 1,
  })
})

const template = { metadata: { labels: { name: 'test' } }, spec: { containers: [{ name: 'test', image: 'nginx' }] } }

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replication controller.', async () => {
  const space = await limited()
  const object = { metadata: { name: 'test-rc' }, spec: { replicas: 0, selector: { name: 'test' }, template } }
  await live(space, { path: `${space.core}/replicationcontrollers`, object, counts: 'replicationcontrollers' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replica set.', async () => {
  const space = await limited()
  const object = {
    metadata: { name: 'test-rs' },
    spec: { replicas: 0, selector: { matchLabels: { name: 'test' } }, template },
  }
  await live(space, {
    path: `/apis/apps/v1/namespaces/${space.name}/replicasets`,
    object,
    counts: 'count/replicasets.apps',
  })
})

const service = (name: string, spec: object): object => ({
  metadata: { name },
  spec: { ...spec, ports: [{ port: 80, targetPort: 80 }] },
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service.', async () => {
  const { core, used } = await limited()
  await api.create(`${core}/services`, service('test-service', { type: 'ClusterIP' }))
  await api.create(`${core}/services`, service('test-service-np', { type: 'NodePort' }))
  await api.refused(403, 'POST', `${core}/services`, service('test-service-lb', { type: 'LoadBalancer' }))
  await used({ services: '2', 'services.nodeports': '1' })
  for (const name of ['test-service', 'test-service-np']) await api.delete(`${core}/services/${name}`)
  await used({ services: '0', 'services.nodeports': '0' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a pod.', async () => {
  const { core, used } = await limited()
  const dongles = { [extended]: '2' }
  const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', ...dongles }
  const made = await api.create(`${core}/pods`, pod('test-pod', { requests, limits: dongles }))
  const counts = {
    pods: '1',
    cpu: '500m',
    memory: '252Mi',
    'ephemeral-storage': '30Gi',
    [`requests.${extended}`]: '2',
  }
  await used(counts)
  const tooMuch = [
    { requests: { cpu: '600m', memory: '100Mi' } },
    { requests: { ...requests, memory: '100Mi' }, limits: dongles },
  ]
  for (const resources of tooMuch) {
    const { reason, message } = await api.refused(403, 'POST', `${core}/pods`, pod('fail-pod', resources))
    assert.equal(reason, 'Forbidden')
    assert.match(message, /exceeded quota: test-quota|failed quota: test-quota/)
  }
  const [container] = made.spec.containers
  const smaller = { ...container, resources: { ...container.resources, requests: { ...requests, cpu: '100m' } } }
  const { resourceVersion: _, ...metadata } = made.metadata
  const changed = { ...made, metadata, spec: { ...made.spec, containers: [smaller] } }
  await api.refused(422, 'PUT', `${core}/pods/test-pod`, changed)
  await used(counts)
  await api.delete(`${core}/pods/test-pod`, atOnce)
  await used(Object.fromEntries(Object.keys(counts).map(key => [key, '0'])))
})

const quiet = { pods: '0', 'requests.cpu': '0', 'requests.memory': '0', 'limits.cpu': '0', 'limits.memory': '0' }
const busy = {
  pods: '1',
  'requests.cpu': '500m',
  'requests.memory': '200Mi',
  'limits.cpu': '1',
  'limits.memory': '400Mi',
}
const scoped = ({ core }: Namespace, name: string, scope: string, amounts: object): Promise<Json> =>
  api.create(`${core}/resourcequotas`, { metadata: { name }, spec: { hard: amounts, scopes: [scope] } })

test('[sig-api-machinery] ResourceQuota should verify ResourceQuota with terminating scopes.', async () => {
  const space = await namespaced()
  const { core, used } = space
  const amounts = {
    pods: '5',
    'requests.cpu': '1',
    'requests.memory': '500Mi',
    'limits.cpu': '2',
    'limits.memory': '1Gi',
  }
  await scoped(space, 'ending', 'Terminating', amounts)
  await scoped(space, 'lasting', 'NotTerminating', amounts)
  for (const [name, spec, counts, other] of [
    ['test-pod', {}, 'lasting', 'ending'],
    ['terminating-pod', { activeDeadlineSeconds: 3600 }, 'ending', 'lasting'],
  ] as const) {
    for (const quota of ['ending', 'lasting']) await used(quiet, quota)
    await api.create(`${core}/pods`, pod(name, small, spec))
    await used(busy, counts)
    await used(quiet, other)
    await api.delete(`${core}/pods/${name}`, atOnce)
    await used(quiet, counts)
  }
})

test('[sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope.', async () => {
  const space = await namespaced()
  const { core, used } = space
  await scoped(space, 'best', 'BestEffort', { pods: '5' })
  await scoped(space, 'other', 'NotBestEffort', { pods: '5' })
  for (const [name, resources, counts, other] of [
    ['best-pod', {}, 'best', 'other'],
    ['burstable-pod', small, 'other', 'best'],
  ] as const) {
    for (const quota of ['best', 'other']) await used({ pods: '0' }, quota)
    await api.create(`${core}/pods`, pod(name, resources))
    await used({ pods: '1' }, counts)
    await used({ pods: '0' }, other)
    await api.delete(`${core}/pods/${name}`, atOnce)
    await used({ pods: '0' }, counts)
  }
})

test('[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status', async () => {
  const { core } = await namespaced()
  const path = `${core}/resourcequotas/e2e`
  const heard = await api.watch(`${core}/resourcequotas`)
  const says = async (cpu: string): Promise<void> => {
    await heard.until(`hard cpu ${cpu}`, ({ object }) => object.status?.hard?.cpu === cpu)
  }
  await api.create(`${core}/resourcequotas`, {
    metadata: { name: 'e2e' },
    spec: { hard: { cpu: '500m', memory: '500Mi' } },
  })
  await says('500m')
  const { spec } = await api.patch(path, { spec: { hard: { cpu: '1', memory: '1Gi' } } }, 'strategic')
  const patched = await api.patch(`${path}/status`, { status: { hard: spec.hard } }, 'strategic')
  assert.deepEqual(patched.status.hard, { cpu: '1', memory: '1Gi' })
  await says('1')
  const wrong = await api.patch(`${path}/status`, { status: { hard: { cpu: '2', memory: '2Gi' } } }, 'strategic')
  assert.deepEqual(wrong.status.hard, { cpu: '2', memory: '2Gi' })
  await says('2')
  // What is wrong is mended.
  await says('1')
  heard.stop()
  assert.deepEqual((await api.get(`${path}/status`)).status.hard, { cpu: '1', memory: '1Gi' })
})

const amounts = (cpu: string, memory: string, storage: string): object => ({
  cpu,
  memory,
  'ephemeral-storage': storage,
})

test('[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied.', async () => {
  const { core } = await namespaced()
  const most = amounts('500m', '500Mi', '500Gi')
  const usual = amounts('100m', '200Mi', '200Gi')
  const limit = {
    type: 'Container',
    max: most,
    min: amounts('50m', '100Mi', '100Gi'),
    default: most,
    defaultRequest: usual,
  }
  const made = await api.create(`${core}/limitranges`, {
    metadata: { name: 'limit-range' },
    spec: { limits: [limit] },
  })
  const resources = async (name: string, asked: object): Promise<Json> =>
    (await api.create(`${core}/pods`, pod(name, asked))).spec.containers[0].resources
  assert.deepEqual(await resources('pod-no-resources', {}), { limits: most, requests: usual })
  assert.deepEqual(
    await resources('pod-partial-resources', {
      requests: { memory: '150Mi', 'ephemeral-storage': '150Gi' },
      limits: { cpu: '300m' },
    }),
    { limits: amounts('300m', '500Mi', '500Gi'), requests: amounts('300m', '150Mi', '150Gi') },
  )
  const [little, much] = [amounts('10m', '50Mi', '50Gi'), amounts('600m', '600Mi', '600Gi')].map(requests => ({
    requests,
  }))
  const refuses = async (name: string, asked: object = {}): Promise<void> => {
    const { status } = await api.call('POST', `${core}/pods`, { body: pod(name, asked) })
    // Above the limit that it gets it is no valid pod to begin with.
    assert.ok(status === 403 || status === 422, String(status))
  }
  await refuses('pod', little)
  await refuses('pod', much)
  const lower = { limits: [{ ...limit, min: amounts('9m', '49Mi', '49Gi') }] }
  await api.update(`${core}/limitranges/limit-range`, { ...made, spec: lower })
  await resources('pod', little ?? {})
  await refuses('pod2', much)
  await api.delete(`${core}/limitranges/limit-range`)
  await resources('pod2', much ?? {})
})

test('[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota.', async () => {
  const { core } = await namespaced()
  const quota = (cpu: string, memory: string): object => ({
    metadata: { name: 'test-quota' },
    spec: { hard: { cpu, memory } },
  })
  const path = `${core}/resourcequotas/test-quota`
  await api.create(`${core}/resourcequotas`, quota('1', '500Mi'))
  // Without a version: it overwrites.
  const updated = await api.update(path, quota('2', '1Gi'))
  assert.deepEqual(updated.spec.hard, { cpu: '2', memory: '1Gi' })
  assert.deepEqual((await api.get(path)).spec.hard, { cpu: '2', memory: '1Gi' })
  await api.delete(path)
  await api.refused(404, 'GET', path)
})
