/** What the DNS process knows of the cluster, as one file: written by the agent, read by the process. */
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { addressNumber } from '../ip.ts'

export interface SnapshotPort {
  /** '' where it has none: then it has no SRV record either. */
  readonly name: string
  readonly proto: 'tcp' | 'udp' | 'sctp'
  readonly port: number
}

export interface SnapshotHost {
  readonly ip: string
  /** '' where the address makes its name. */
  readonly hostname: string
  readonly ports: readonly SnapshotPort[]
}

export interface SnapshotService {
  readonly namespace: string
  readonly name: string
  /** Virtual addresses. */
  readonly ips?: readonly string[]
  readonly ports?: readonly SnapshotPort[]
  /** Of a headless service. */
  readonly hosts?: readonly SnapshotHost[]
  /** Of an ExternalName service. */
  readonly alias?: string
}

export interface Snapshot {
  readonly format: 1
  readonly domain: string
  /** Ranges that may ask; this machine's own addresses may always. */
  readonly clients: readonly string[]
  readonly namespaces: readonly string[]
  readonly services: readonly SnapshotService[]
}

const lower = (protocol: 'SCTP' | 'TCP' | 'UDP' | undefined): SnapshotPort['proto'] =>
  ({ TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const)[protocol ?? 'TCP']

/** Endpoints that a headless service publishes: ready ones, or all when it says so. */
function hostsOf(service: Service, slices: readonly EndpointSlice[]): readonly SnapshotHost[] {
  const all = service.spec?.publishNotReadyAddresses === true
  const hosts = new Map<string, SnapshotHost>()
  for (const { addressType, endpoints, ports } of slices) {
    if (addressType !== 'IPv4') continue
    const own = (ports ?? []).flatMap(({ name = '', protocol, port }) =>
      port === undefined ? [] : [{ name, proto: lower(protocol), port }],
    )
    for (const { addresses, conditions, hostname = '' } of endpoints ?? []) {
      if (!all && conditions?.ready === false) continue
      for (const ip of addresses) {
        if (addressNumber(ip) === undefined) continue
        const known = hosts.get(ip)
        hosts.set(ip, { ip, hostname: known?.hostname || hostname, ports: merged(known?.ports ?? [], own) })
      }
    }
  }
  return [...hosts.values()].sort((a, b) => (a.ip < b.ip ? -1 : 1))
}

const merged = (a: readonly SnapshotPort[], b: readonly SnapshotPort[]): readonly SnapshotPort[] => [
  ...new Map([...a, ...b].map(one => [`${one.name} ${one.proto} ${one.port}`, one])).values(),
]

/** @param slices of this service */
export function snapshotService(service: Service, slices: readonly EndpointSlice[]): SnapshotService | undefined {
  const { namespace = '', name = '' } = service.metadata
  const { type, externalName = '', clusterIP = '', clusterIPs = [], ports = [] } = service.spec ?? {}
  if (type === 'ExternalName') return externalName === '' ? undefined : { namespace, name, alias: externalName }
  if (clusterIP === 'None') return { namespace, name, hosts: hostsOf(service, slices) }
  const ips = [...new Set([clusterIP, ...clusterIPs])].filter(ip => addressNumber(ip) !== undefined)
  if (ips.length === 0) return undefined
  const own = ports.map(({ name: port = '', protocol, port: number }) => ({
    name: port,
    proto: lower(protocol),
    port: number,
  }))
  return { namespace, name, ips, ports: own }
}

/** Reads the file's text. @throws Error when it is of another format */
export function parseSnapshot(text: string): Snapshot {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== 1)
    throw new Error('this is no DNS snapshot of format 1')
  return value as Snapshot
}
