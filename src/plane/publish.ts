/** The API as a service of its own cluster: `default/kubernetes`, with its endpoints, kept by the server itself. */
import { equal } from '#base/equal.ts'
import type { ResourceRef } from '#api/metadata.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { isReason } from '#api/status.ts'
import { endpointSlices, endpoints, services } from '#kinds/facts/generated/refs.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import type { Endpoints, Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { Client } from '#client/client.ts'
import type { Plane } from './plane.ts'

export interface Published {
  /** IPv4 address that pods reach. */
  readonly address: string
  readonly port: number
}

const metadata = { name: 'kubernetes', namespace: 'default' }
const labels = { component: 'apiserver', provider: 'kubernetes' }

const service = (clusterIP: string): Draft<Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...metadata, labels },
  spec: {
    type: 'ClusterIP',
    clusterIP,
    clusterIPs: [clusterIP],
    sessionAffinity: 'None',
    ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
  },
})

const endpointsOf = ({ address, port }: Published): Draft<Endpoints> => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
})

const sliceOf = ({ address, port }: Published): Draft<EndpointSlice> => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: [address], conditions: { ready: true } }],
  ports: [{ name: 'https', port, protocol: 'TCP' }],
})

interface Wanted<O extends KObject> {
  readonly ref: ResourceRef<O>
  readonly object: Draft<O>
  readonly same: (found: O) => boolean
}

async function ensure<O extends KObject>(client: Client, { ref, object, same }: Wanted<O>): Promise<void> {
  try {
    const found = await client.get(ref, 'default/kubernetes')
    if (!same(found))
      await client.update(ref, { ...found, ...object, metadata: { ...found.metadata, ...object.metadata } } as O)
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
    await client.create(ref, object as O)
  }
}

export async function publish(plane: Plane, at: Published): Promise<void> {
  const client = plane.client(plane.server.identity('system:apiserver', ['system:masters']), 'kube-apiserver')
  const slice = sliceOf(at)
  const legacy = endpointsOf(at)
  await ensure(client, { ref: services, object: service(plane.server.address), same: () => true })
  // Endpoints are never on loopback, where every pod would reach itself: simulated nodes need none.
  if (at.address.startsWith('127.')) return
  await ensure(client, { ref: endpoints, object: legacy, same: found => equal(found.subsets, legacy.subsets) })
  await ensure(client, {
    ref: endpointSlices,
    object: slice,
    same: found => equal(found.endpoints, slice.endpoints) && equal(found.ports, slice.ports),
  })
}
