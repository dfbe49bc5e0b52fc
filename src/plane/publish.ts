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

/** All servers of the cluster; they listen on one port. */
interface Servers {
  readonly addresses: readonly string[]
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

const endpointsOf = ({ addresses, port }: Servers): Draft<Endpoints> => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  subsets: [{ addresses: addresses.map(ip => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] }],
})

const sliceOf = ({ addresses, port }: Servers): Draft<EndpointSlice> => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  addressType: 'IPv4',
  endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
  ports: [{ name: 'https', port, protocol: 'TCP' }],
})

interface Wanted<O extends KObject> {
  readonly ref: ResourceRef<O>
  readonly object: Draft<O>
  readonly same: (found: O) => boolean
}

const tries = 5

/** Another server may write the same at the same moment. */
async function ensure<O extends KObject>(client: Client, wanted: Wanted<O>): Promise<void> {
  for (let tried = 1; ; tried++)
    try {
      return await ensureOnce(client, wanted)
    } catch (error) {
      if (tried === tries || !(isReason(error, 'Conflict') || isReason(error, 'AlreadyExists'))) throw error
    }
}

async function ensureOnce<O extends KObject>(client: Client, { ref, object, same }: Wanted<O>): Promise<void> {
  try {
    const found = await client.get(ref, 'default/kubernetes')
    if (!same(found))
      await client.update(ref, { ...found, ...object, metadata: { ...found.metadata, ...object.metadata } } as O)
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
    await client.create(ref, object as O)
  }
}

const clientOf = (plane: Plane): Client =>
  plane.client(plane.server.identity('system:apiserver', ['system:masters']), 'kube-apiserver')

async function publishAll(plane: Plane, servers: Servers): Promise<void> {
  const client = clientOf(plane)
  // Endpoints are never on loopback, where every pod would reach itself: simulated nodes need none.
  const addresses = servers.addresses.filter(address => !address.startsWith('127.'))
  if (addresses.length === 0) return
  const slice = sliceOf({ ...servers, addresses })
  const legacy = endpointsOf({ ...servers, addresses })
  await ensure(client, { ref: endpoints, object: legacy, same: found => equal(found.subsets, legacy.subsets) })
  await ensure(client, {
    ref: endpointSlices,
    object: slice,
    same: found => equal(found.endpoints, slice.endpoints) && equal(found.ports, slice.ports),
  })
}

/** The only server of its cluster. */
export async function publish(plane: Plane, { address, port }: Published): Promise<void> {
  await ensure(clientOf(plane), { ref: services, object: service(plane.server.address), same: () => true })
  await publishAll(plane, { addresses: [address], port })
}

/** No kind is served under it: a row for each server, gone soon after its server is. */
const rows = 'servers.internal.bulwark.dev'
/** Seconds. */
const lifetime = 15
const interval = 10

export interface Publishing {
  stop(): Promise<void>
}

/** One of several servers: each keeps a row of its own, and all of them what the rows say. */
export async function publishAmong(plane: Plane, at: Published): Promise<Publishing> {
  const { store, clock, log } = plane
  const key = at.address
  let stopped = false
  let cancel = (): void => undefined
  const known = async (): Promise<void> => {
    const addresses = Array.from(store.snapshot(rows).range(), row => row.key)
    await publishAll(plane, { addresses, port: at.port })
  }
  const renew = async (): Promise<void> => {
    const object = { apiVersion: 'internal.bulwark.dev/v1', kind: 'Server', metadata: { name: key } }
    const result = await store.commit([{ type: 'put', resource: rows, key, object, managed: '', ttl: lifetime }])
    if (result.ok) await known()
  }
  const again = (): void => {
    cancel = clock.after(interval * 1000, () => {
      renew()
        .catch((error: unknown) => log.warn('this server is not published', { error: String(error) }))
        .finally(() => (stopped ? undefined : again()))
    })
  }
  await ensure(clientOf(plane), { ref: services, object: service(plane.server.address), same: () => true })
  await renew()
  again()
  return {
    stop: async () => {
      stopped = true
      cancel()
      const gone = await store.commit([{ type: 'delete', resource: rows, key }])
      if (gone.ok) await known().catch(() => undefined)
    },
  }
}
