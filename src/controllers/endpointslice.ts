/** EndpointSlices: at most 100 endpoints each, one set of slices for each address family and set of ports. */
import { endpointSlices, nodes, pods, services } from '#kinds/facts/generated/refs.ts'
import type { Pod, Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { controllerOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { type Controller, type Decision, type Input, type Write, nothing, selfKey } from '#client/controller.ts'
import { hostnameFor, isHeadless, managed, podReference, podsBehind, portOn, servicesOfPod } from './backends.ts'
import { same } from './equal.ts'
import { controllerRef } from './owners.ts'
import { isDeleting, isReady } from './pods.ts'
import { eventWriter, reading, rule } from './rules.ts'
import { managerLabel, serviceLabel, serviceOfSlice, setKey, sliceIndex, slicesOf } from './slices.ts'
import { create, remove, update } from './writes.ts'

const most = 100
const manager = 'endpointslice-controller.k8s.io'
const headlessLabel = 'service.kubernetes.io/headless'
const reserved = new Set([serviceLabel, managerLabel, headlessLabel])

export const endpointSlice: Controller = {
  name: 'endpointslice-controller',
  watches: [
    { ref: services, keys: selfKey },
    { ref: pods, keys: servicesOfPod },
    { ref: endpointSlices, keys: serviceOfSlice },
  ],
  reads: [nodes],
  indexes: [sliceIndex],
  rules: [
    rule('', ['services', 'pods', 'nodes'], reading),
    rule('', ['services/finalizers'], ['update']),
    rule('discovery.k8s.io', ['endpointslices'], ['create', 'delete', 'get', 'list', 'update', 'watch']),
    eventWriter,
  ],
  decide,
}

type Family = 'IPv4' | 'IPv6'

const familiesOf = (service: Service): readonly Family[] => {
  const families = (service.spec.ipFamilies ?? []).filter(family => family === 'IPv4' || family === 'IPv6')
  if (families.length > 0) return families
  if (isHeadless(service)) return ['IPv4', 'IPv6']
  return service.spec.clusterIP?.includes(':') === true ? ['IPv6'] : ['IPv4']
}

function endpointOf(
  pod: Pod,
  { service, read }: { service: Service; read: Reader },
  addresses: readonly string[],
): Endpoint {
  const serving = isReady(pod)
  const terminating = isDeleting(pod)
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  const { nodeName = '' } = pod.spec
  const zone = read.get(nodes, nodeName)?.metadata.labels?.['topology.kubernetes.io/zone']
  const hostname = hostnameFor(pod, service)
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: podReference(pod),
    ...(nodeName === '' ? {} : { nodeName }),
    ...(zone === undefined || zone === '' ? {} : { zone }),
  }
}

const portsOf = (service: Service, pod: Pod): readonly EndpointPort[] =>
  (service.spec.ports ?? []).flatMap(port => {
    const number = portOn(pod, port)
    if (number === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = port
    return [{ name, protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })

interface Backends {
  readonly family: Family
  readonly ports: readonly EndpointPort[]
  readonly endpoints: Map<string, Endpoint>
}

function desired(read: Reader, service: Service): Map<string, Backends> {
  const sets = new Map<string, Backends>()
  const behind = podsBehind(read, service)
  for (const family of familiesOf(service)) {
    for (const pod of behind) {
      const addresses = (pod.status?.podIPs ?? [])
        .map(one => one.ip)
        .filter(ip => ip.includes(':') === (family === 'IPv6'))
      const ports = portsOf(service, pod)
      if (addresses.length === 0) continue
      const key = setKey(family, ports)
      const set = sets.get(key) ?? { family, ports, endpoints: new Map() }
      sets.set(key, set)
      set.endpoints.set(pod.metadata.uid ?? '', endpointOf(pod, { service, read }, addresses))
    }
    // A Service without endpoints has one empty slice, so that readers can tell it from one not yet looked at.
    if (![...sets.values()].some(set => set.family === family))
      sets.set(setKey(family, []), { family, ports: [], endpoints: new Map() })
  }
  return sets
}

function labelsFor(service: Service): Readonly<Record<string, string>> {
  const own = Object.entries(service.metadata.labels ?? {}).filter(([key]) => !reserved.has(key))
  return {
    ...Object.fromEntries(own),
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [serviceLabel]: service.metadata.name ?? '',
    [managerLabel]: manager,
  }
}

function decide(key: string, { read }: Input<unknown>): Decision {
  const service = read.get(services, key)
  const existing = slicesOf(read, key, manager)
  if (service === undefined || service.metadata.deletionTimestamp !== undefined)
    return existing.length === 0 ? nothing : { writes: [existing.map(slice => remove(endpointSlices, slice))] }
  if (!managed(service)) return nothing
  const sets = desired(read, service)
  const ours = existing.filter(slice => controllerOf(slice)?.uid === service.metadata.uid)
  const bySet = Map.groupBy(ours, slice => setKey(slice.addressType, slice.ports ?? []))
  const stale = existing.filter(
    slice => !ours.includes(slice) || !sets.has(setKey(slice.addressType, slice.ports ?? [])),
  )
  const writes = [...sets].flatMap(([name, set]) => fill(service, set, bySet.get(name) ?? []))
  // Endpoints that move between slices are added before they are taken away.
  const groups = [
    writes.filter(write => write.op !== 'delete'),
    [...writes.filter(write => write.op === 'delete'), ...stale.map(slice => remove(endpointSlices, slice))],
  ]
  const left = groups.filter(group => group.length > 0)
  return left.length === 0 ? { writes: [] } : { writes: left }
}

interface Filling {
  readonly slice: EndpointSlice | undefined
  readonly endpoints: Endpoint[]
  changed: boolean
}

/** Distributes a set's endpoints over its slices with as few writes as possible. */
function fill(service: Service, set: Backends, slices: readonly EndpointSlice[]): readonly Write[] {
  const left = new Map(set.endpoints)
  const labels = labelsFor(service)
  const fillings = slices.map((slice): Filling => {
    const kept: Endpoint[] = []
    let changed = !same(labels, slice.metadata.labels)
    for (const endpoint of slice.endpoints ?? []) {
      const uid = endpoint.targetRef?.uid ?? ''
      const next = left.get(uid)
      if (next !== undefined) kept.push(next)
      if (next === undefined || !same(next, endpoint)) changed = true
      left.delete(uid)
    }
    return { slice, endpoints: kept, changed }
  })
  distribute([...left.values()], fillings, slices.length === 0)
  const keepOne = set.endpoints.size === 0 ? fillings[0] : undefined
  return fillings.flatMap((filling): readonly Write[] => {
    const { slice, endpoints } = filling
    if (slice === undefined) return [create(endpointSlices, sliceOf(service, set, endpoints))]
    if (endpoints.length === 0 && filling !== keepOne) return [remove(endpointSlices, slice)]
    if (!filling.changed) return []
    return [update(endpointSlices, { ...slice, metadata: { ...slice.metadata, labels }, endpoints })]
  })
}

/** First into slices that change anyway, then into one that has room for all that is left, then into new ones. */
function distribute(endpoints: Endpoint[], fillings: Filling[], none: boolean): void {
  const room = (filling: Filling): number => most - filling.endpoints.length
  const put = (filling: Filling): void => {
    if (endpoints.length === 0 || room(filling) <= 0) return
    filling.endpoints.push(...endpoints.splice(0, room(filling)))
    filling.changed = true
  }
  const changing = fillings.filter(filling => filling.changed && filling.endpoints.length > 0)
  for (const filling of changing.sort((a, b) => b.endpoints.length - a.endpoints.length)) put(filling)
  if (endpoints.length % most > 0) {
    const rest = endpoints.length % most
    const fits = fillings.filter(filling => room(filling) >= rest).sort((a, b) => room(a) - room(b))[0]
    if (fits !== undefined) {
      fits.endpoints.push(...endpoints.splice(endpoints.length - rest))
      fits.changed = true
    }
  }
  while (endpoints.length > 0) fillings.push({ slice: undefined, endpoints: endpoints.splice(0, most), changed: true })
  if (none && fillings.length === 0) fillings.push({ slice: undefined, endpoints: [], changed: true })
}

function sliceOf(service: Service, set: Backends, endpoints: readonly Endpoint[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata.name ?? ''}-`,
      namespace: service.metadata.namespace ?? '',
      labels: labelsFor(service),
      ownerReferences: [controllerRef(services, service)],
    },
    addressType: set.family,
    endpoints,
    ports: set.ports,
  }
}
