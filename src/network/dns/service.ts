/** The Service under which tools look for cluster DNS. It has no pods: every node serves the address itself. */
import type { KObject, ResourceRef } from '#api/metadata.ts'
import { isReason } from '#api/status.ts'
import type { Client } from '#client/client.ts'
import { endpointSlices, services } from '#kinds/facts/generated/refs.ts'
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { dnsPort } from '../services/names.ts'

const namespace = 'kube-system'
const name = 'kube-dns'
const manager = 'bulwark-dns'
const labels = { 'k8s-app': name, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' }
const ports = [
  { name: 'dns', protocol: 'UDP', port: 53 },
  { name: 'dns-tcp', protocol: 'TCP', port: 53 },
] as const

const serviceOf = (clusterIP: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, labels },
  spec: {
    type: 'ClusterIP',
    clusterIP,
    ports: ports.map(port => ({ ...port, targetPort: dnsPort })),
  },
})

const sliceOf = (nodes: readonly DnsNode[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name,
    namespace,
    labels: { 'kubernetes.io/service-name': name, 'endpointslice.kubernetes.io/managed-by': manager },
  },
  addressType: 'IPv4',
  endpoints: nodes.map(node => ({
    addresses: [node.address],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: node.name,
  })),
  ports: ports.map(port => ({ ...port, port: dnsPort })),
})

export interface DnsNode {
  readonly name: string
  readonly address: string
}

async function ensure<O extends KObject>(client: Client, ref: ResourceRef<O>, body: O): Promise<void> {
  try {
    await client.create(ref, body)
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}

/**
 * Makes kube-system/kube-dns with this address unless there is one, and its endpoints say these nodes. A Service of
 * that name that somebody else made, with a selector or another address, stays as it is.
 * @throws StatusError, for example when kube-system does not exist yet
 */
export async function ensureDnsService(client: Client, clusterIP: string, nodes: readonly DnsNode[]): Promise<void> {
  // Looked for first: a second create would be told that the address is taken, not that the Service exists.
  const key = `${namespace}/${name}`
  if ((await client.find(services, key)) === undefined) await ensure(client, services, serviceOf(clusterIP))
  const kept = await client.get(services, key)
  if (kept.spec?.clusterIP !== clusterIP || kept.spec?.selector !== undefined) return
  const wanted = sliceOf(nodes)
  const slice = await client.find(endpointSlices, key)
  if (slice === undefined) await ensure(client, endpointSlices, wanted)
  else if (JSON.stringify(slice.endpoints) !== JSON.stringify(wanted.endpoints))
    await client.update(endpointSlices, { ...slice, endpoints: wanted.endpoints, ports: wanted.ports })
}
