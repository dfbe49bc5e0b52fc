/** What an object uses of a quota, by the names that quotas have for it. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { type Quantity, compareQuantities, quantityOfUnits, wholeUnits } from '#base/quantity.ts'
import type { PersistentVolumeClaim, Pod, Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { ResourceClaim } from '#kinds/facts/generated/types/resource_v1.ts'
import type { GroupResource, KObject } from '#api/metadata.ts'
import { podAmounts } from './pod.ts'
import { isClaim, isPod } from './scopes.ts'
import { type Sums, type Usage, addUsage, raise, readQuantity } from './sums.ts'

const isService = (object: KObject): object is Service => object.kind === 'Service'
const isDeviceClaim = (object: KObject): object is ResourceClaim => object.kind === 'ResourceClaim'

const one = quantityOfUnits(1)
/** Resources whose requests a quota may name without `requests.`. */
const bare = new Set(['cpu', 'memory', 'ephemeral-storage'])

function podUsage(pod: Pod): Usage {
  const used: Sums = new Map([['count/pods', one]])
  // What has ended holds nothing but its name.
  if (isTerminal(pod)) return used
  used.set('pods', one)
  for (const [name, quantity] of podAmounts(pod.spec, 'requests')) {
    if (bare.has(name) || name.startsWith('hugepages-')) used.set(name, quantity)
    used.set(`requests.${name}`, quantity)
  }
  for (const [name, quantity] of podAmounts(pod.spec, 'limits')) used.set(`limits.${name}`, quantity)
  return used
}

function nodePorts({ spec }: Service): number {
  const ports = spec.ports ?? []
  if (spec.type === 'NodePort') return ports.length
  if (spec.type !== 'LoadBalancer') return 0
  if (spec.allocateLoadBalancerNodePorts !== false) return ports.length
  return ports.filter(port => (port.nodePort ?? 0) !== 0).length
}

const serviceUsage = (service: Service): Usage =>
  new Map([
    ['services', one],
    ['count/services', one],
    ['services.nodeports', quantityOfUnits(nodePorts(service))],
    ['services.loadbalancers', quantityOfUnits(service.spec.type === 'LoadBalancer' ? 1 : 0)],
  ])

/** The older of the two places for the class of a claim wins. */
export const storageClassOf = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? ''

/** In whole bytes: what is asked for, or what an expansion has already taken. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity {
  const asked = readQuantity(spec?.resources?.requests?.['storage'])
  const taken = readQuantity(status?.allocatedResources?.['storage'])
  const most = compareQuantities(taken, asked) > 0 ? taken : asked
  return quantityOfUnits(wholeUnits(most), most.notation)
}

function claimUsage(claim: PersistentVolumeClaim): Usage {
  const asked = storageOf(claim)
  const used: Sums = new Map([
    ['persistentvolumeclaims', one],
    ['count/persistentvolumeclaims', one],
    ['requests.storage', asked],
  ])
  const name = storageClassOf(claim)
  if (name === '') return used
  used.set(`${name}.storageclass.storage.k8s.io/persistentvolumeclaims`, one)
  return used.set(`${name}.storageclass.storage.k8s.io/requests.storage`, asked)
}

/** As many as a claim for all devices may get. */
const mostDevices = 32

interface Devices {
  readonly deviceClassName: string
  readonly allocationMode?: string
  readonly count?: number
}

const devices = ({ deviceClassName, allocationMode, count = 1 }: Devices): Usage =>
  new Map([
    [
      `${deviceClassName}.deviceclass.resource.k8s.io/devices`,
      quantityOfUnits(allocationMode === 'All' ? mostDevices : count),
    ],
  ])

function deviceUsage({ spec }: ResourceClaim): Usage {
  const used: Sums = new Map([['count/resourceclaims.resource.k8s.io', one]])
  for (const { exactly, firstAvailable = [] } of spec?.devices?.requests ?? []) {
    const most: Sums = new Map()
    for (const alternative of firstAvailable) raise(most, devices(alternative))
    addUsage(used, exactly === undefined ? most : devices(exactly))
  }
  return used
}

const plain = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas'])

export function usageOf(resource: GroupResource, object: KObject): Usage {
  if (isPod(object) && resource === 'pods') return podUsage(object)
  if (isService(object) && resource === 'services') return serviceUsage(object)
  if (isClaim(object) && resource === 'persistentvolumeclaims') return claimUsage(object)
  if (isDeviceClaim(object) && resource === 'resourceclaims.resource.k8s.io') return deviceUsage(object)
  const counted = new Map([[`count/${resource}`, one]])
  return plain.has(resource) ? counted.set(resource, one) : counted
}

/** Whether a name in a quota is about objects of this resource. */
export function concerns(name: string, resource: GroupResource): boolean {
  if (name === `count/${resource}` || name === resource || name.startsWith(`${resource}.`)) return true
  if (resource === 'persistentvolumeclaims')
    return name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/')
  if (resource === 'resourceclaims.resource.k8s.io') return name.endsWith('.deviceclass.resource.k8s.io/devices')
  return (
    resource === 'pods' &&
    name !== 'requests.storage' &&
    /^(?:cpu|memory|ephemeral-storage|hugepages-.*|requests\..*|limits\..*)$/.test(name)
  )
}
