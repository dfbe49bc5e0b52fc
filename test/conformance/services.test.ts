/** The server's own service, the ranges of services, and volumes' status. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { publish } from '#plane/publish.ts'
import { type Api, type Json, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi()
  // As a server on a node does; that of a test listens on loopback, which no endpoint may name.
  await publish(api.wire.cluster.plane, { address: '192.0.2.1', port: 6443 })
})
after(() => api.stop())

test('[sig-network] API Server should provide secure master service', async () => {
  const { spec } = await api.get('/api/v1/namespaces/default/services/kubernetes')
  assert.ok(spec.ports.some((one: Json) => one.name === 'https' && one.port === 443))
})

test('[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server', async () => {
  const { subsets } = await api.get('/api/v1/namespaces/default/endpoints/kubernetes')
  assert.ok(subsets.length > 0)
  const slices = await api.items(
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dkubernetes',
  )
  assert.ok(slices.length > 0)
  const all = (values: readonly unknown[]): ReadonlySet<unknown> => new Set(values)
  assert.deepEqual(
    all(slices.flatMap(slice => slice.endpoints.flatMap((one: Json) => one.addresses))),
    all(
      subsets.flatMap((one: Json) => [...(one.addresses ?? []), ...(one.notReadyAddresses ?? [])].map(({ ip }) => ip)),
    ),
  )
  assert.deepEqual(
    all(slices.flatMap(slice => slice.ports.map((one: Json) => one.port))),
    all(subsets.flatMap((one: Json) => one.ports.map(({ port }: Json) => port))),
  )
})

test('[sig-network] Services should find a service from listing all namespaces', async () => {
  const found = await api.items('/api/v1/services')
  assert.ok(found.some(({ metadata }) => metadata.name === 'kubernetes' && metadata.namespace === 'default'))
})

test('[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations', async () => {
  const path = '/apis/networking.k8s.io/v1/servicecidrs'
  const range = await api.get(`${path}/kubernetes`)
  const status = await api.get(`${path}/kubernetes/status`)
  assert.equal(status.kind, 'ServiceCIDR')
  assert.equal(status.metadata.uid, range.metadata.uid)
  assert.ok((await api.items(path)).length > 0)
  const watch = await api.watch(path)
  const event = await watch.next()
  assert.equal(event.type, 'ADDED')
  watch.stop()
})

test('[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status', async () => {
  const name = await api.namespace()
  const claims = `/api/v1/namespaces/${name}/persistentvolumeclaims`
  const volume = await api.create('/api/v1/persistentvolumes', {
    metadata: { generateName: `${name}-`, labels: { e2e: name } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '2Gi' },
      storageClassName: name,
      csi: { driver: 'e2e-driver', volumeHandle: 'e2e-status-conformance' },
    },
  })
  const claim = await api.create(claims, {
    metadata: { generateName: 'pvc-' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: name, resources: { requests: { storage: '1Gi' } } },
  })
  assert.equal((await api.items(`/api/v1/persistentvolumes?labelSelector=e2e%3D${name}`)).length, 1)
  assert.equal((await api.items(claims)).length, 1)
  const ofVolume = `/api/v1/persistentvolumes/${volume.metadata.name}/status`
  const ofClaim = `${claims}/${claim.metadata.name}/status`
  assert.ok(['Pending', 'Bound'].includes((await api.get(ofClaim)).status.phase))
  assert.ok(['Available', 'Bound', 'Pending'].includes((await api.get(ofVolume)).status.phase))
  const condition = { type: 'StatusPatched', status: 'True', reason: 'E2E patchedStatus', message: 'Set from e2e test' }
  const patchedClaim = await api.patch(ofClaim, { status: { conditions: [condition] } })
  assert.deepEqual(patchedClaim.status.conditions, [condition])
  const patchedVolume = await api.patch(ofVolume, { status: { message: 'StatusPatched', reason: 'E2E patchStatus' } })
  assert.equal(patchedVolume.status.reason, 'E2E patchStatus')
  assert.equal(patchedVolume.status.message, 'StatusPatched')
  const conditions = [
    ...patchedClaim.status.conditions,
    { ...condition, type: 'StatusUpdated', lastProbeTime: null, lastTransitionTime: null },
  ]
  const updatedClaim = await api.update(ofClaim, { ...patchedClaim, status: { ...patchedClaim.status, conditions } })
  assert.deepEqual(updatedClaim.status.conditions, [condition, { ...condition, type: 'StatusUpdated' }])
  const updatedVolume = await api.update(ofVolume, {
    ...patchedVolume,
    status: { ...patchedVolume.status, reason: 'E2E updateStatus' },
  })
  assert.equal(updatedVolume.status.reason, 'E2E updateStatus')
})
