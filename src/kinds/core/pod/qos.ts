/** The class of service that a pod's requests and limits put it in. */
import { addQuantities, compareQuantities, type Quantity } from '#base/quantity.ts'
import { quantity, type ResourceList } from '../quantities.ts'
import type { PodSpec, ResourceRequirements } from '#kinds/facts/generated/types/core_v1.ts'

type Class = 'BestEffort' | 'Burstable' | 'Guaranteed'

const counted = ['cpu', 'memory'] as const

type Sums = Map<string, Quantity>

/** @returns how many of cpu and memory are given and not zero. */
function gather(sums: Sums, list: ResourceList | undefined): number {
  if (list === undefined) return 0
  let found = 0
  for (const name of counted) {
    const amount = quantity(list[name])
    if (amount === undefined || amount.nanos <= 0n) continue
    found++
    const had = sums.get(name)
    sums.set(name, had === undefined ? amount : addQuantities(had, amount))
  }
  return found
}

const hasNone = (list: ResourceList | undefined): boolean => list === undefined || !isSet(list)

const equals = (a: Quantity | undefined, b: Quantity | undefined): boolean =>
  a !== undefined && b !== undefined && compareQuantities(a, b) === 0

const isSet = (list: ResourceList | undefined): boolean => list !== undefined && counted.some(name => name in list)

/** The pod's own resources count alone where it has some. */
function considered(spec: PodSpec): readonly (ResourceRequirements | undefined)[] {
  const { resources } = spec
  if (resources !== undefined && (isSet(resources.requests) || isSet(resources.limits))) return [resources]
  const containers = spec.containers.map(one => one.resources)
  return spec.initContainers === undefined
    ? containers
    : [...containers, ...spec.initContainers.map(one => one.resources)]
}

export function qosClass(spec: PodSpec): Class {
  const all = considered(spec)
  if (all.every(one => hasNone(one?.requests) && hasNone(one?.limits))) return 'BestEffort'
  const requests: Sums = new Map()
  const limits: Sums = new Map()
  let limited = true
  for (const one of all) {
    gather(requests, one?.requests)
    if (gather(limits, one?.limits) < counted.length) limited = false
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  const same = requests.size === limits.size && counted.every(name => equals(requests.get(name), limits.get(name)))
  return limited && same ? 'Guaranteed' : 'Burstable'
}
