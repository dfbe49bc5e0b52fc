/** EndpointSlices for Endpoints that somebody keeps by hand, so that readers of slices alone see them too. */
import { endpointSlices, endpoints, services } from '#kinds/facts/generated/refs.ts'
import type { EndpointAddress, EndpointSubset, Endpoints } from '#kinds/facts/generated/types/core_v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { type Controller, type Decision, type Input, type Write, nothing, selfKey } from '#client/controller.ts'
import { same } from './equal.ts'
import { controllerRef } from './owners.ts'
import { eventWriter, reading, rule } from './rules.ts'
import { managerLabel, serviceLabel, serviceOfSlice, setKey, sliceIndex, slicesOf } from './slices.ts'
import { create, remove, update } from './writes.ts'

const manager = 'endpointslicemirroring-controller.k8s.io'
/** Addresses of one set of ports; what is beyond them is left out. */
const most = 1000

export const endpointSliceMirroring: Controller = {
  name: 'endpointslicemirroring-controller',
  watches: [
    { ref: endpoints, keys: selfKey },
    { ref: services, keys: selfKey },
    { ref: endpointSlices, keys: serviceOfSlice },
  ],
  indexes: [sliceIndex],
  rules: [
    rule('', ['services', 'endpoints'], reading),
    rule('', ['services/finalizers', 'endpoints/finalizers'], ['update']),
    rule('discovery.k8s.io', ['endpointslices'], ['create', 'delete', 'get', 'list', 'update', 'watch']),
    rule('discovery.k8s.io', ['endpointslices/restricted'], ['create']),
    eventWriter,
  ],
  decide,
}

interface Mirrored {
  readonly family: 'IPv4' | 'IPv6'
  readonly ports: readonly EndpointPort[]
  readonly endpoints: Map<string, Endpoint>
}

/** Old clients wrote `010.0.0.1`, which no slice may hold. */
const canonical = (ip: string): string => (ip.includes(':') ? ip : ip.split('.').map(Number).join('.'))

function endpointOf({ ip, hostname = '', nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [canonical(ip)],
    conditions: { ready },
    ...(hostname === '' ? {} : { hostname }),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  }
}

const portsOf = ({ ports = [] }: EndpointSubset): readonly EndpointPort[] =>
  ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    protocol,
    port,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }))

function desired(subsets: readonly EndpointSubset[]): ReadonlyMap<string, Mirrored> {
  const sets = new Map<string, Mirrored>()
  for (const subset of subsets) {
    const ports = portsOf(subset)
    const add = (address: EndpointAddress, ready: boolean): void => {
      const family = address.ip.includes(':') ? 'IPv6' : 'IPv4'
      const key = setKey(family, ports)
      const set = sets.get(key) ?? { family, ports, endpoints: new Map() }
      sets.set(key, set)
      const id = `${address.ip} ${address.targetRef?.uid ?? ''}`
      // An address that one subset calls ready and another does not is not.
      if (set.endpoints.size < most || set.endpoints.has(id)) set.endpoints.set(id, endpointOf(address, ready))
    }
    for (const address of subset.addresses ?? []) add(address, true)
    for (const address of subset.notReadyAddresses ?? []) add(address, false)
  }
  return sets
}

const unmirrored = new Set([
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
])

function sliceOf(source: Endpoints, set: Mirrored, found: EndpointSlice | undefined): EndpointSlice {
  const { name = '', namespace = '' } = source.metadata
  const annotations = Object.entries(source.metadata.annotations ?? {}).filter(([key]) => !unmirrored.has(key))
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...(found?.metadata ?? { generateName: `${name}-`, namespace }),
      labels: { ...source.metadata.labels, [serviceLabel]: name, [managerLabel]: manager },
      annotations: Object.fromEntries(annotations),
      ownerReferences: [controllerRef(endpoints, source)],
    },
    addressType: set.family,
    endpoints: [...set.endpoints.values()],
    ports: set.ports,
  }
}

const unchanged = (wanted: EndpointSlice, found: EndpointSlice): boolean =>
  same(wanted.endpoints, found.endpoints) &&
  same(wanted.metadata.labels, found.metadata.labels) &&
  same(wanted.metadata.annotations, found.metadata.annotations ?? {}) &&
  same(wanted.metadata.ownerReferences, found.metadata.ownerReferences)

/** Endpoints of a Service with a selector are the endpoint controller's, and its slices another's. */
function mirrors(source: Endpoints): boolean {
  const { labels, annotations } = source.metadata
  return (
    labels?.['endpointslice.kubernetes.io/skip-mirror'] !== 'true' &&
    annotations?.['control-plane.alpha.kubernetes.io/leader'] === undefined
  )
}

function decide(key: string, { read }: Input<unknown>): Decision {
  const source = read.get(endpoints, key)
  const service = read.get(services, key)
  const existing = slicesOf(read, key, manager)
  const wanted =
    source === undefined || service === undefined || service.spec.selector !== undefined || !mirrors(source)
      ? undefined
      : source
  if (wanted === undefined)
    return existing.length === 0 ? nothing : { writes: [existing.map(slice => remove(endpointSlices, slice))] }
  // The garbage collector takes what hangs on it.
  if (wanted.metadata.deletionTimestamp !== undefined) return nothing
  const bySet = Map.groupBy(existing, slice => setKey(slice.addressType, slice.ports ?? []))
  const kept = new Set<EndpointSlice>()
  const writes = [...desired(wanted.subsets ?? [])].flatMap(([name, set]): readonly Write[] => {
    const found = bySet.get(name)?.[0]
    const slice = sliceOf(wanted, set, found)
    if (found === undefined) return [create(endpointSlices, slice)]
    kept.add(found)
    return unchanged(slice, found) ? [] : [update(endpointSlices, slice)]
  })
  const stale = existing.filter(slice => !kept.has(slice)).map(slice => remove(endpointSlices, slice))
  const groups = [writes, stale].filter(group => group.length > 0)
  return { writes: groups }
}
