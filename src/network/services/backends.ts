/** Which endpoints a port of a service has, as kube-proxy counts them. */
import type { Service, ServicePort } from '#kinds/facts/generated/types/core_v1.ts'
import type { Endpoint, EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { addressNumber } from '../ip.ts'
import type { Target } from '../ruleset.ts'

/** Where rules are made for. */
export interface Here {
  readonly nodeName: string
  /** The node's topology.kubernetes.io/zone; '' where it has none. */
  readonly zone: string
}

export interface Backends {
  /** For connections that may go anywhere. */
  readonly cluster: readonly Target[]
  /** Those on this node. */
  readonly local: readonly Target[]
}

interface Candidate extends Target {
  readonly endpoint: Endpoint
}

export const serviceNameLabel = 'kubernetes.io/service-name'
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name'
const headlessLabel = 'service.kubernetes.io/headless'

/** Whether the service has a virtual address that is ours to serve. */
export function isProxied({ metadata, spec }: Service): boolean {
  if (spec?.type === 'ExternalName' || addressNumber(spec?.clusterIP ?? '') === undefined) return false
  const labels = metadata.labels ?? {}
  return labels[proxyNameLabel] === undefined && labels[headlessLabel] === undefined
}

const isReady = ({ endpoint }: Candidate): boolean => endpoint.conditions?.ready !== false
const isLeaving = ({ endpoint: { conditions } }: Candidate): boolean =>
  conditions?.serving === true && conditions.terminating === true

/** Ready ones; where there are none, those that still serve while they end. */
function usable(candidates: readonly Candidate[]): readonly Candidate[] {
  const ready = candidates.filter(isReady)
  return ready.length > 0 ? ready : candidates.filter(isLeaving)
}

/** Those hinted for this node or zone, when every ready endpoint has a hint and one is for here. */
function nearest(candidates: readonly Candidate[], { nodeName, zone }: Here): readonly Candidate[] {
  const near = (names: (one: Candidate) => readonly string[] | undefined, here: string): readonly Candidate[] =>
    here !== '' && candidates.every(one => names(one) !== undefined)
      ? candidates.filter(one => names(one)?.includes(here))
      : []
  const node = near(({ endpoint }) => endpoint.hints?.forNodes?.map(one => one.name), nodeName)
  if (node.length > 0) return node
  const same = near(({ endpoint }) => endpoint.hints?.forZones?.map(one => one.name), zone)
  return same.length > 0 ? same : candidates
}

function candidatesOf(port: ServicePort, slices: readonly EndpointSlice[]): readonly Candidate[] {
  const found = new Map<string, Candidate>()
  for (const { addressType, ports, endpoints } of slices) {
    if (addressType !== 'IPv4') continue
    const named = (ports ?? []).find(one => (one.name ?? '') === (port.name ?? ''))
    const number = named?.port
    if (number === undefined) continue
    for (const endpoint of endpoints ?? []) {
      const ip = endpoint.addresses[0] ?? ''
      if (addressNumber(ip) === undefined) continue
      const key = `${ip}:${number}`
      const known = found.get(key)
      // The same address may stand in two slices while it moves between them.
      if (known === undefined || !isReady(known)) found.set(key, { ip, port: number, endpoint })
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

const target = ({ ip, port }: Candidate): Target => ({ ip, port })

/** @param slices of this service */
export function backendsOf(port: ServicePort, slices: readonly EndpointSlice[], here: Here): Backends {
  const all = candidatesOf(port, slices)
  const local = all.filter(({ endpoint }) => endpoint.nodeName === here.nodeName)
  return { cluster: nearest(usable(all), here).map(target), local: usable(local).map(target) }
}
