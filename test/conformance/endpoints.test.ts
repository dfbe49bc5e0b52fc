/** What stands behind services where there is no node. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi({ nodes: 0 })
})
after(() => api.stop())

const service = (name: string, selector?: object): object => ({
  metadata: { name },
  spec: { ports: [{ name: 'example', port: 80, protocol: 'TCP' }], ...(selector === undefined ? {} : { selector }) },
})
const matchesNothing = { 'does-not-match-anything': 'endpoints-and-endpoint-slices-should-still-be-created' }
const slicesOf = (namespace: string, name: string) => (): Promise<readonly Json[]> =>
  api.items(
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name%3D${name}`,
  )

test('[sig-network] EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods', async () => {
  const core = `/api/v1/namespaces/${await api.namespace()}`
  await api.create(`${core}/services`, service('empty', matchesNothing))
  const answers = (code: number): Promise<Json> =>
    api.until(
      `endpoints: ${code}`,
      () => api.call('GET', `${core}/endpoints/empty`),
      ({ status }) => status === code,
    )
  await answers(200)
  await api.delete(`${core}/services/empty`)
  await answers(404)
})

test('[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods', async () => {
  const namespace = await api.namespace()
  await api.create(`/api/v1/namespaces/${namespace}/services`, service('empty', matchesNothing))
  const [slice] = await api.until('a slice', slicesOf(namespace, 'empty'), found => found.length > 0)
  assert.equal(slice.metadata.labels['endpointslice.kubernetes.io/managed-by'], 'endpointslice-controller.k8s.io')
  assert.equal(slice.endpoints?.length ?? 0, 0)
  await api.delete(`/api/v1/namespaces/${namespace}/services/empty`)
  await api.until('none', slicesOf(namespace, 'empty'), found => found.length === 0)
})

test('[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete', async () => {
  const namespace = await api.namespace()
  const core = `/api/v1/namespaces/${namespace}`
  await api.create(`${core}/services`, service('custom'))
  const endpoints = (ip: string): object => ({
    metadata: { name: 'custom' },
    subsets: [{ ports: [{ port: 80 }], addresses: [{ ip }] }],
  })
  const mirrored = async (ip: string): Promise<void> => {
    const slices = await api.until(`a slice with ${ip}`, slicesOf(namespace, 'custom'), found =>
      found.some(one => one.endpoints?.[0]?.addresses[0] === ip),
    )
    assert.equal(slices.length, 1)
    assert.deepEqual(
      slices[0].endpoints.map((one: Json) => one.addresses),
      [[ip]],
    )
    assert.deepEqual(
      slices[0].ports.map((one: Json) => one.port),
      [80],
    )
  }
  await api.create(`${core}/endpoints`, endpoints('10.1.2.3'))
  await mirrored('10.1.2.3')
  await api.update(`${core}/endpoints/custom`, endpoints('10.2.3.4'))
  await mirrored('10.2.3.4')
  await api.delete(`${core}/endpoints/custom`)
  await api.until('none', slicesOf(namespace, 'custom'), found => found.length === 0)
})
