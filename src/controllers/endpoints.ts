/** The legacy Endpoints: one object a Service, its addresses grouped by the ports that they serve. */
import { endpoints, pods, services } from '#kinds/facts/generated/refs.ts'
import type {
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Endpoints,
  Pod,
  Service,
} from '#kinds/facts/generated/types/core_v1.ts'
import { type Controller, type Decision, type Input, nothing, selfKey } from '#client/controller.ts'
import { hostnameFor, isHeadless, managed, podReference, podsBehind, portOn, servicesOfPod } from './backends.ts'
import { same } from './equal.ts'
import { isDeleting, isReady } from './pods.ts'
import { eventWriter, reading, rule } from './rules.ts'
import { create, remove, update } from './writes.ts'

const managerLabel = 'endpoints.kubernetes.io/managed-by'
const manager = 'endpoint-controller'
const headlessLabel = 'service.kubernetes.io/headless'
const overCapacity = 'endpoints.kubernetes.io/over-capacity'
const most = 1000

export const endpointsController: Controller = {
  name: 'endpoint-controller',
  watches: [
    { ref: services, keys: selfKey },
    { ref: pods, keys: servicesOfPod },
    { ref: endpoints, keys: selfKey },
  ],
  rules: [
    rule('', ['services', 'pods'], reading),
    rule('', ['endpoints'], ['create', 'delete', 'get', 'list', 'update', 'watch']),
    rule('', ['endpoints/restricted'], ['create']),
    eventWriter,
  ],
  decide,
}

function addressOf(pod: Pod, service: Service): EndpointAddress | undefined {
  const wantsV6 =
    (service.spec.ipFamilies?.[0] ?? (service.spec.clusterIP?.includes(':') === true ? 'IPv6' : 'IPv4')) === 'IPv6'
  const ip = pod.status?.podIPs?.map(one => one.ip).find(one => one.includes(':') === wantsV6)
  if (ip === undefined) return undefined
  const hostname = hostnameFor(pod, service)
  const { nodeName } = pod.spec
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: podReference(pod),
  }
}

function portsOf(pod: Pod, service: Service): readonly EndpointPort[] {
  return (service.spec.ports ?? []).flatMap(port => {
    const number = portOn(pod, port)
    if (number === undefined) return []
    const { name, protocol = 'TCP', appProtocol } = port
    const named = name === undefined || name === '' ? {} : { name }
    return [{ ...named, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byAddress = (a: EndpointAddress, b: EndpointAddress): number =>
  order(`${a.ip} ${a.targetRef?.uid ?? ''}`, `${b.ip} ${b.targetRef?.uid ?? ''}`)

interface Group {
  readonly ports: readonly EndpointPort[]
  readonly ready: EndpointAddress[]
  readonly notReady: EndpointAddress[]
}

function subsetsFor(service: Service, behind: readonly Pod[]): readonly EndpointSubset[] {
  const groups = new Map<string, Group>()
  const early = service.spec.publishNotReadyAddresses === true
  for (const pod of behind) {
    if (isDeleting(pod) && !early) continue
    const address = addressOf(pod, service)
    const ports = portsOf(pod, service)
    const portless = (service.spec.ports ?? []).length === 0 && isHeadless(service)
    if (address === undefined || (ports.length === 0 && !portless)) continue
    const key = JSON.stringify(ports)
    const group = groups.get(key) ?? { ports, ready: [], notReady: [] }
    groups.set(key, group)
    if (early || isReady(pod)) group.ready.push(address)
    else group.notReady.push(address)
  }
  return [...groups].sort(([a], [b]) => order(a, b)).map(([, group]) => subsetOf(group))
}

const subsetOf = ({ ports, ready, notReady }: Group): EndpointSubset => ({
  ...(ready.length === 0 ? {} : { addresses: ready.toSorted(byAddress) }),
  ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.toSorted(byAddress) }),
  ...(ports.length === 0 ? {} : { ports }),
})

/** Keeps ready addresses before others, and says that it left some out. */
function truncate(subsets: readonly EndpointSubset[]): {
  readonly subsets: readonly EndpointSubset[]
  readonly cut: boolean
} {
  const ready = subsets.reduce((sum, one) => sum + (one.addresses?.length ?? 0), 0)
  const all = subsets.reduce((sum, one) => sum + (one.notReadyAddresses?.length ?? 0), ready)
  if (all <= most) return { subsets, cut: false }
  let readyRoom = Math.min(ready, most)
  let otherRoom = most - readyRoom
  const cut = subsets.map(({ addresses = [], notReadyAddresses = [], ...rest }) => {
    const keep = addresses.slice(0, readyRoom)
    const others = notReadyAddresses.slice(0, otherRoom)
    readyRoom -= keep.length
    otherRoom -= others.length
    return {
      ...rest,
      ...(keep.length === 0 ? {} : { addresses: keep }),
      ...(others.length === 0 ? {} : { notReadyAddresses: others }),
    }
  })
  return { subsets: cut.filter(one => 'addresses' in one || 'notReadyAddresses' in one), cut: true }
}

function decide(key: string, { read }: Input<unknown>): Decision {
  const service = read.get(services, key)
  const existing = read.get(endpoints, key)
  if (service === undefined) {
    // What somebody else made for a Service without a selector is theirs.
    const ours = existing?.metadata.labels?.[managerLabel] === manager
    return existing === undefined || !ours ? nothing : { writes: [[remove(endpoints, existing)]] }
  }
  if (!managed(service)) return nothing
  const { subsets, cut } = truncate(subsetsFor(service, podsBehind(read, service)))
  const { [headlessLabel]: _, ...own } = service.metadata.labels ?? {}
  const labels = { ...own, ...(isHeadless(service) ? { [headlessLabel]: '' } : {}), [managerLabel]: manager }
  const { [overCapacity]: __, ...others } = existing?.metadata.annotations ?? {}
  const annotations = { ...others, ...(cut ? { [overCapacity]: 'truncated' } : {}) }
  const { name = '', namespace = '' } = service.metadata
  const body: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...(existing?.metadata ?? { name, namespace }), labels, annotations },
    ...(subsets.length === 0 ? {} : { subsets }),
  }
  if (existing === undefined) return { writes: [[create(endpoints, body)]] }
  const unchanged =
    same(existing.subsets, subsets) &&
    same(existing.metadata.labels, labels) &&
    same(existing.metadata.annotations, annotations)
  return unchanged ? { writes: [] } : { writes: [[update(endpoints, body)]] }
}
