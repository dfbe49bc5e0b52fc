/** Services, endpoints, pods and policies for tests. */
import { noNodeInfo } from '#kinds/facts/node-info.ts'
import { objectKey } from '#api/metadata.ts'
import type { Container, Namespace, Node, Pod, Service, ServiceSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { Endpoint, EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import type { NetworkPolicy, NetworkPolicySpec } from '#kinds/facts/generated/types/networking_v1.ts'

export const service = (name: string, spec: ServiceSpec): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ port: 80, protocol: 'TCP' }], type: 'ClusterIP', ...spec },
})

export const slice = (
  of: string,
  endpoints: readonly Endpoint[],
  ports: EndpointSlice['ports'] = [{ name: '', port: 8080, protocol: 'TCP' }],
): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${of}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
  addressType: 'IPv4',
  endpoints,
  ports,
})

export const endpoint = (ip: string, more: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [ip],
  conditions: { ready: true },
  nodeName: 'worker',
  ...more,
})

export const namespace = (name: string): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
  spec: {},
})

const nodeInfo = { ...noNodeInfo, operatingSystem: 'linux', architecture: 'amd64' }

export const node = (name: string, podCIDR: string, address: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  spec: { podCIDR },
  status: {
    addresses: [{ type: 'InternalIP', address }],
    daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
    nodeInfo,
  },
})

export const sliceKey = (of: string): string => objectKey('default', `${of}-1`)

/** A pod that runs on `worker` unless `more` says otherwise. */
export const pod = (
  name: string,
  address: string,
  more: { labels?: Pod['metadata']['labels']; namespace?: string; node?: string; ports?: Container['ports'] } = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: more.namespace ?? 'default',
    uid: `uid-${name}`,
    ...(more.labels && { labels: more.labels }),
  },
  spec: {
    nodeName: more.node ?? 'worker',
    containers: [{ name: 'main', image: 'any', ...(more.ports && { ports: more.ports }) }],
  },
  status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
})

export const policy = (name: string, spec: NetworkPolicySpec, namespace = 'default'): NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec,
})
