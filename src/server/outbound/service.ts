/** From a reference to a service to an address of one of its endpoints: the server knows no virtual addresses. */
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import type { GroupResource, KObject } from '#api/metadata.ts'

export interface Directory {
  get(resource: GroupResource, key: string): KObject | undefined
  list(resource: GroupResource, namespace?: string): Iterable<KObject>
}

export interface ServicePlace {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

/** The service cannot be reached now; the message is upstream's. */
export class Unreachable extends Error {}

function portName(service: Service, { name, port }: ServicePlace): string {
  const found = service.spec.ports?.find(one => one.port === port)
  if (found === undefined) throw new Unreachable(`no service port ${port} found for service ${JSON.stringify(name)}`)
  return found.name ?? ''
}

/** Slices of the service, its first address family first. */
export function slicesOf(directory: Directory, service: Service): readonly EndpointSlice[] {
  const { name, namespace } = service.metadata
  const found: EndpointSlice[] = []
  for (const object of directory.list('endpointslices.discovery.k8s.io', namespace ?? ''))
    if (object.metadata.labels?.['kubernetes.io/service-name'] === name) found.push(object as EndpointSlice)
  const family = service.spec.ipFamilies?.[0] ?? 'IPv4'
  return found.toSorted((a, b) => Number(b.addressType === family) - Number(a.addressType === family))
}

/** Of one that stands for a name outside that name. @param random of [0, 1): calls are spread over what is ready. @throws Unreachable */
export function endpointOf(
  directory: Directory,
  place: ServicePlace,
  random: () => number,
): { readonly host: string; readonly port: number } {
  const object = directory.get('services', `${place.namespace}/${place.name}`)
  if (object === undefined) throw new Unreachable(`service ${JSON.stringify(place.name)} not found`)
  const service = object as Service
  const { type, externalName = '' } = service.spec
  if (type === 'ExternalName') return { host: externalName, port: place.port }
  const wanted = portName(service, place)
  for (const { addressType, endpoints = [], ports = [] } of slicesOf(directory, service)) {
    const port = ports.find(one => (one.name ?? '') === wanted)?.port
    const ready = endpoints.filter(one => one.conditions?.ready !== false && one.addresses.length > 0)
    const host = ready[Math.floor(random() * ready.length)]?.addresses[0]
    if (port !== undefined && host !== undefined && addressType !== 'FQDN') return { host, port }
  }
  throw new Unreachable(`no endpoints available for service ${JSON.stringify(place.name)}`)
}
