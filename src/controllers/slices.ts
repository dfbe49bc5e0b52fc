/** What all that writes EndpointSlices shares: whose a slice is, and how its Service is found. */
import { endpointSlices } from '#kinds/facts/generated/refs.ts'
import type { EndpointPort, EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { type KObject, groupResource } from '#api/metadata.ts'
import type { Index, Reader } from '#api/reader.ts'
import type { Watch } from '#client/controller.ts'

export const serviceLabel = 'kubernetes.io/service-name'
export const managerLabel = 'endpointslice.kubernetes.io/managed-by'

const serviceKeys = (object: KObject): readonly string[] => {
  const name = object.metadata.labels?.[serviceLabel]
  return name === undefined ? [] : [`${object.metadata.namespace ?? ''}/${name}`]
}

export const serviceOfSlice: Watch['keys'] = ({ object }) => serviceKeys(object)
export const sliceIndex: Index = { name: serviceLabel, resource: groupResource(endpointSlices), of: serviceKeys }

/** Those of a Service that this manager made and that are not on their way out. */
export const slicesOf = (read: Reader, service: string, manager: string): readonly EndpointSlice[] =>
  read
    .byIndex(endpointSlices, serviceLabel, service)
    .filter(({ metadata }) => metadata.labels?.[managerLabel] === manager && metadata.deletionTimestamp === undefined)

/** Endpoints share a slice when they have the address family and the ports in common. */
export const setKey = (family: string, ports: readonly EndpointPort[]): string =>
  `${family} ${ports
    .map(port => JSON.stringify([port.name ?? '', port.protocol ?? 'TCP', port.port, port.appProtocol ?? '']))
    .sort((a, b) => (a < b ? -1 : 1))
    .join()}`
