/** What controllers do where there is no node. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi({ nodes: 0 })
})
after(() => api.stop())

const podSpec = { terminationGracePeriodSeconds: 0, containers: [{ name: 'nginx', image: 'nginx' }] }
const namespaced = async (): Promise<{ readonly core: string; readonly apps: string }> => {
  const name = await api.namespace()
  return { core: `/api/v1/namespaces/${name}`, apps: `/apis/apps/v1/namespaces/${name}` }
}
const none = (items: readonly Json[]): boolean => items.length === 0
const some = (items: readonly Json[]): boolean => items.length > 0
const gone = (path: string): Promise<unknown> => api.until(`${path} is empty`, () => api.items(path), none)

const controller = (name: string, replicas: number): object => ({
  metadata: { name },
  spec: { replicas, selector: { name }, template: { metadata: { labels: { name } }, spec: podSpec } },
})
const deployment = {
  metadata: { name: 'simpletest.deployment' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { gctest: 'a' } },
    template: { metadata: { labels: { gctest: 'a' } }, spec: podSpec },
  },
}
const options = (object: Json, propagationPolicy: string): object => ({
  apiVersion: 'v1',
  kind: 'DeleteOptions',
  propagationPolicy,
  preconditions: { uid: object.metadata.uid },
})

test('[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning', async () => {
  const { core } = await namespaced()
  const rc = await api.create(`${core}/replicationcontrollers`, controller('simpletest.rc', 2))
  await api.until('a pod', () => api.items(`${core}/pods`), some)
  await api.delete(`${core}/replicationcontrollers/simpletest.rc`, options(rc, 'Background'))
  for (const resource of ['replicationcontrollers', 'pods']) await gone(`${core}/${resource}`)
})

test('[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning', async () => {
  const { core, apps } = await namespaced()
  const made = await api.create(`${apps}/deployments`, deployment)
  await api.until('a replica set', () => api.items(`${apps}/replicasets`), some)
  await api.delete(`${apps}/deployments/${made.metadata.name}`, options(made, 'Background'))
  for (const path of [`${apps}/deployments`, `${apps}/replicasets`, `${core}/pods`]) await gone(path)
})

test('[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan', async () => {
  const { core, apps } = await namespaced()
  const made = await api.create(`${apps}/deployments`, deployment)
  await api.until(
    'two replicas',
    () => api.items(`${apps}/replicasets`),
    ([set]) => set?.status.replicas === 2 && set.status.observedGeneration >= set.metadata.generation,
  )
  await api.delete(`${apps}/deployments/${made.metadata.name}`, options(made, 'Orphan'))
  await gone(`${apps}/deployments`)
  const sets = await api.items(`${apps}/replicasets`)
  assert.equal(sets.length, 1)
  assert.equal((await api.items(`${core}/pods`)).length, 2)
  assert.deepEqual(sets[0].metadata.ownerReferences ?? [], [])
})

test('[sig-api-machinery] Garbage collector should not be blocked by dependency circle', async () => {
  const { core } = await namespaced()
  const pods = []
  for (const name of ['pod1', 'pod2', 'pod3'])
    pods.push(await api.create(`${core}/pods`, { metadata: { name }, spec: podSpec }))
  for (const [at, { metadata }] of pods.entries()) {
    const { name, uid } = pods.at(at - 1).metadata
    const owner = { apiVersion: 'v1', kind: 'Pod', name, uid, controller: true, blockOwnerDeletion: true }
    await api.patch(`${core}/pods/${metadata.name}`, { metadata: { ownerReferences: [owner] } }, 'strategic')
  }
  await api.delete(`${core}/pods/pod1`, options(pods[0], 'Foreground'))
  await gone(`${core}/pods`)
})

test('[sig-api-machinery] Namespaces [Serial] should ensure that all services are removed when a namespace is deleted', async () => {
  const { core } = await namespaced()
  await api.create(`${core}/services`, {
    metadata: { name: 'test-service' },
    spec: { selector: { foo: 'bar' }, ports: [{ port: 80, targetPort: 80 }] },
  })
  await api.delete(core)
  await api.until(
    'the namespace goes',
    () => api.call('GET', core),
    ({ status }) => status === 404,
  )
  await api.create('/api/v1/namespaces', { metadata: { name: core.split('/').at(-1) } })
  await api.refused(404, 'GET', `${core}/services/test-service`)
})

const replicas = (path: string, wanted: number): Promise<Json> =>
  api.until(
    `${wanted} replicas`,
    () => api.get(path),
    ({ status }) => status.replicas === wanted,
  )

test('[sig-apps] ReplicationController should get and update a ReplicationController scale', async () => {
  const { core } = await namespaced()
  await api.create(`${core}/replicationcontrollers`, controller('e2e-rc', 1))
  const path = `${core}/replicationcontrollers/e2e-rc`
  await replicas(path, 1)
  const scale = await api.get(`${path}/scale`)
  assert.equal(scale.status.replicas, 1)
  const { resourceVersion: _, ...metadata } = scale.metadata
  await api.update(`${path}/scale`, { ...scale, metadata, spec: { replicas: 2 } })
  await replicas(path, 2)
})

test('[sig-apps] ReplicationController should release no longer matching pods', async () => {
  const { core } = await namespaced()
  const rc = await api.create(`${core}/replicationcontrollers`, controller('pod-release', 1))
  const [pod] = await api.until('a pod', () => api.items(`${core}/pods`), some)
  const path = `${core}/pods/${pod.metadata.name}`
  await api.patch(path, { metadata: { labels: { name: 'not-matching-name' } } })
  await api.until(
    'the pod is released',
    () => api.get(path),
    ({ metadata }) =>
      !(metadata.ownerReferences ?? []).some((one: Json) => one.controller && one.uid === rc.metadata.uid),
  )
})

const podQuota = { metadata: { name: 'condition-test' }, spec: { hard: { pods: '2' } } }

test('[sig-apps] ReplicationController should surface a failure condition on a common issue like exceeded quota', async () => {
  const { core } = await namespaced()
  await api.create(`${core}/resourcequotas`, podQuota)
  await api.until(
    'a quota',
    () => api.get(`${core}/resourcequotas/condition-test`),
    ({ status }) => status?.hard?.pods === '2',
  )
  await api.create(`${core}/replicationcontrollers`, controller('condition-test', 3))
  const path = `${core}/replicationcontrollers/condition-test`
  const failed = ({ status }: Json): boolean =>
    (status.conditions ?? []).some((one: Json) => one.type === 'ReplicaFailure')
  await api.until('a failure', () => api.get(path), failed)
  const { metadata } = await api.patch(path, { spec: { replicas: 2 } })
  await api.until(
    'none',
    () => api.get(path),
    rc => rc.status.observedGeneration >= metadata.generation && !failed(rc),
  )
})

test('[sig-auth] ServiceAccounts should allow opting out of API token automount', async () => {
  const { core } = await namespaced()
  await api.create(`${core}/serviceaccounts`, { metadata: { name: 'mount' }, automountServiceAccountToken: true })
  await api.create(`${core}/serviceaccounts`, { metadata: { name: 'nomount' }, automountServiceAccountToken: false })
  // The pod's word counts where it says one.
  for (const [serviceAccountName, ofAccount] of [
    ['default', true],
    ['mount', true],
    ['nomount', false],
  ] as const)
    for (const ofPod of [undefined, true, false]) {
      const pod = await api.create(`${core}/pods`, {
        metadata: { generateName: 'pod-service-account-' },
        spec: {
          ...podSpec,
          serviceAccountName,
          ...(ofPod === undefined ? {} : { automountServiceAccountToken: ofPod }),
        },
      })
      const mounted = (pod.spec.containers[0].volumeMounts ?? []).some(
        (one: Json) => one.mountPath === '/var/run/secrets/kubernetes.io/serviceaccount',
      )
      assert.equal(mounted, ofPod ?? ofAccount, `${serviceAccountName} ${ofPod}`)
    }
})

test('[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace', async () => {
  const { core } = await namespaced()
  const path = `${core}/configmaps/kube-root-ca.crt`
  const there = (): Promise<Json> =>
    api.until(
      'the map',
      () => api.call('GET', path),
      ({ status }) => status === 200,
    )
  const first = await there()
  await api.delete(path)
  assert.notEqual((await there()).json.metadata.uid, first.json.metadata.uid)
  await api.update(path, { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': '' } })
  const mended = await api.until(
    'it is mended',
    () => api.get(path),
    ({ data }) => (data['ca.crt'] ?? '') !== '',
  )
  assert.deepEqual(mended.data, first.json.data)
})

test('[sig-node] Sysctls [LinuxOnly] [NodeConformance] should reject invalid sysctls', async () => {
  const { core } = await namespaced()
  const sysctls = ['foo-', 'kernel.shmmax', 'safe-and-unsafe', 'bar..'].map(name => ({ name, value: '42' }))
  const { message } = await api.refused(422, 'POST', `${core}/pods`, {
    metadata: { name: 'sysctl' },
    spec: { ...podSpec, securityContext: { sysctls } },
  })
  for (const part of ['Invalid value: "foo-"', 'Invalid value: "bar.."']) assert.ok(message.includes(part), message)
  for (const part of ['safe-and-unsafe', 'kernel.shmmax']) assert.ok(!message.includes(part), message)
})

test('[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu', async () => {
  const { core } = await namespaced()
  const amounts = { cpu: '100m', memory: '100Mi' }
  const containers = [
    { name: 'agnhost', image: 'agnhost', args: ['pause'], resources: { limits: amounts, requests: amounts } },
  ]
  await api.create(`${core}/pods`, { metadata: { name: 'qos' }, spec: { containers } })
  assert.equal((await api.get(`${core}/pods/qos`)).status.qosClass, 'Guaranteed')
})

test('[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API', async () => {
  const { core } = await namespaced()
  const pod = {
    metadata: { name: 'pod-csi-inline-volumes' },
    spec: {
      volumes: [
        { name: 'csi-inline-vol1', csi: { driver: 'e2e.example.com' } },
        { name: 'csi-inline-vol2', csi: { driver: 'e2e.example.com', fsType: 'ext4', readOnly: true } },
      ],
      containers: [
        {
          name: 'c',
          image: 'busybox',
          volumeMounts: [1, 2].map(at => ({ name: `csi-inline-vol${at}`, mountPath: `/mnt/vol${at}` })),
        },
      ],
    },
  }
  const made = await api.create(`${core}/pods`, pod)
  assert.equal((await api.refused(409, 'POST', `${core}/pods`, pod)).reason, 'AlreadyExists')
  const path = `${core}/pods/${made.metadata.name}`
  assert.equal((await api.get(path)).metadata.uid, made.metadata.uid)
  assert.equal((await api.items(`${core}/pods`)).length, 1)
  const patched = await api.patch(path, { metadata: { annotations: { patched: 'true' } } })
  assert.equal(patched.metadata.annotations.patched, 'true')
  await api.delete(path)
  const { status, json } = await api.call('GET', path)
  assert.ok(status === 404 || json.metadata.deletionTimestamp !== undefined)
})

test('[sig-apps] DisruptionController should create a PodDisruptionBudget', async () => {
  const { core } = await namespaced()
  const budgets = `/apis/policy/v1/namespaces/${core.split('/').at(-1)}/poddisruptionbudgets`
  const processed = (): Promise<Json> =>
    api.until(
      'the budget is looked at',
      () => api.get(`${budgets}/foo`),
      ({ metadata, status }) => (status.observedGeneration ?? 0) >= metadata.generation,
    )
  await api.create(budgets, {
    metadata: { name: 'foo' },
    spec: { minAvailable: '1%', selector: { matchLabels: { foo: 'bar' } } },
  })
  const created = await processed()
  const updated = await api.update(`${budgets}/foo`, { ...created, spec: { ...created.spec, minAvailable: '2%' } })
  assert.equal(updated.spec.minAvailable, '2%')
  await processed()
  const patched = await api.patch(`${budgets}/foo`, { spec: { minAvailable: '3%' } })
  assert.equal(patched.spec.minAvailable, '3%')
  await processed()
  await api.delete(`${budgets}/foo`)
  await api.refused(404, 'GET', `${budgets}/foo`)
})
