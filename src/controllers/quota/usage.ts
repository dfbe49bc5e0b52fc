/** What an object uses of a quota, by the names that quotas have for it. */
import {
  type Quantity,
  QuantityError,
  addQuantities,
  compareQuantities,
  parseQuantity,
  quantityOfUnits,
  zeroQuantity,
} from '#base/quantity.ts'
import type {
  Container,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
  Service,
} from '#kinds/facts/generated/types/core_v1.ts'
import { type GroupResource, type KObject } from '#api/metadata.ts'
import { isTerminal } from '../pods.ts'

export type Usage = ReadonlyMap<string, Quantity>
type Sums = Map<string, Quantity>

const isPod = (object: KObject): object is Pod => object.kind === 'Pod'
const isService = (object: KObject): object is Service => object.kind === 'Service'
const isClaim = (object: KObject): object is PersistentVolumeClaim => object.kind === 'PersistentVolumeClaim'

export function readQuantity(text: string | undefined): Quantity {
  if (text === undefined) return zeroQuantity
  try {
    return parseQuantity(text)
  } catch (error) {
    // Validation keeps such text out.
    if (error instanceof QuantityError) return zeroQuantity
    throw error
  }
}

export const addUsage = (to: Sums, by: Usage): void => {
  for (const [name, quantity] of by) to.set(name, addQuantities(to.get(name) ?? zeroQuantity, quantity))
}

type Side = 'requests' | 'limits'

const listOf = (container: Container, side: Side): Usage =>
  new Map(Object.entries(container.resources?.[side] ?? {}).map(([name, text]) => [name, readQuantity(text)]))

const most = (to: Sums, other: Usage): void => {
  for (const [name, quantity] of other)
    if (compareQuantities(to.get(name) ?? zeroQuantity, quantity) < 0) to.set(name, quantity)
}

/** As the scheduler counts: containers and sidecars together, or an init container with the sidecars before it. */
function podTotals({ spec }: Pod, side: Side): Sums {
  const running: Sums = new Map()
  for (const container of spec.containers) addUsage(running, listOf(container, side))
  const sidecars: Sums = new Map()
  const starting: Sums = new Map()
  for (const container of spec.initContainers ?? []) {
    const now = new Map(sidecars)
    addUsage(now, listOf(container, side))
    if (container.restartPolicy === 'Always') addUsage(sidecars, listOf(container, side))
    most(starting, now)
  }
  addUsage(running, sidecars)
  most(running, starting)
  for (const [name, text] of Object.entries(spec.resources?.[side] ?? {})) running.set(name, readQuantity(text))
  if (spec.overhead !== undefined)
    addUsage(running, new Map(Object.entries(spec.overhead).map(([name, text]) => [name, readQuantity(text)])))
  return running
}

const one = quantityOfUnits(1)
/** Resources whose requests a quota may name without `requests.`. */
const bare = new Set(['cpu', 'memory', 'ephemeral-storage'])

function podUsage(pod: Pod): Usage {
  const used: Sums = new Map([['count/pods', one]])
  // What has ended holds nothing but its name.
  if (isTerminal(pod)) return used
  used.set('pods', one)
  for (const [name, quantity] of podTotals(pod, 'requests')) {
    if (bare.has(name) || name.startsWith('hugepages-')) used.set(name, quantity)
    used.set(`requests.${name}`, quantity)
  }
  for (const [name, quantity] of podTotals(pod, 'limits')) used.set(`limits.${name}`, quantity)
  return used
}

function serviceUsage({ spec }: Service): Usage {
  const ports = quantityOfUnits(spec.ports?.length ?? 0)
  const balanced = spec.type === 'LoadBalancer'
  const opens = spec.type === 'NodePort' || (balanced && spec.allocateLoadBalancerNodePorts !== false)
  return new Map([
    ['services', one],
    ['count/services', one],
    ...(opens ? [['services.nodeports', ports] as const] : []),
    ...(balanced ? [['services.loadbalancers', one] as const] : []),
  ])
}

function claimUsage({ spec }: PersistentVolumeClaim): Usage {
  const asked = readQuantity(spec?.resources?.requests?.['storage'])
  const used: Sums = new Map([
    ['persistentvolumeclaims', one],
    ['count/persistentvolumeclaims', one],
    ['requests.storage', asked],
  ])
  const name = spec?.storageClassName ?? ''
  if (name === '') return used
  used.set(`${name}.storageclass.storage.k8s.io/persistentvolumeclaims`, one)
  return used.set(`${name}.storageclass.storage.k8s.io/requests.storage`, asked)
}

const plain = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas'])

export function usageOf(resource: GroupResource, object: KObject): Usage {
  if (isPod(object) && resource === 'pods') return podUsage(object)
  if (isService(object) && resource === 'services') return serviceUsage(object)
  if (isClaim(object) && resource === 'persistentvolumeclaims') return claimUsage(object)
  const counted = new Map([[`count/${resource}`, one]])
  return plain.has(resource) ? counted.set(resource, one) : counted
}

const bestEffort = ({ spec }: Pod): boolean =>
  [...spec.containers, ...(spec.initContainers ?? [])].every(({ resources }) =>
    [resources?.requests, resources?.limits].every(
      list => list?.['cpu'] === undefined && list?.['memory'] === undefined,
    ),
  )

function inScope(pod: Pod, { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement): boolean {
  const { activeDeadlineSeconds: deadline, affinity, priorityClassName: priority } = pod.spec
  switch (scopeName) {
    case 'Terminating':
      return deadline !== undefined
    case 'NotTerminating':
      return deadline === undefined
    case 'BestEffort':
      return bestEffort(pod)
    case 'NotBestEffort':
      return !bestEffort(pod)
    case 'PriorityClass':
      if (operator === 'In' || operator === 'NotIn') return values.includes(priority ?? '') === (operator === 'In')
      return (priority !== undefined && priority !== '') === (operator === 'Exists')
    case 'CrossNamespacePodAffinity':
      return [affinity?.podAffinity, affinity?.podAntiAffinity]
        .flatMap(side => [
          ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
          ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(one => one.podAffinityTerm),
        ])
        .some(term => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined)
    default:
      return false
  }
}

/** Whether the quota looks at this object: scopes are about pods, and a quota with scopes about nothing else. */
export function covers({ spec }: ResourceQuota, object: KObject): boolean {
  const scopes = [
    ...(spec?.scopes ?? []).map(scopeName => ({ scopeName, operator: 'Exists' as const })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ]
  return scopes.length === 0 || (isPod(object) && scopes.every(scope => inScope(object, scope)))
}
