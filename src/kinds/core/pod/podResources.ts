/** Requests and limits of a pod as a whole, where somebody gave some of them. */
import { isSidecar } from '#kinds/facts/pods.ts'
import { addQuantities, compareQuantities, formatQuantity, type Quantity } from '#base/quantity.ts'
import { quantity, type ResourceList } from '../quantities.ts'
import type { PodSpec } from '#kinds/facts/generated/types/core_v1.ts'

type Amounts = Map<string, Quantity>
type Which = 'requests' | 'limits'

const isHuge = (name: string): boolean => name.startsWith('hugepages-')
export const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || isHuge(name)

function read(list: ResourceList | undefined): Amounts {
  const amounts: Amounts = new Map()
  for (const [name, text] of Object.entries(list ?? {})) {
    const amount = quantity(text)
    if (amount !== undefined) amounts.set(name, amount)
  }
  return amounts
}

function add(to: Amounts, more: Amounts): Amounts {
  const sum = new Map(to)
  for (const [name, amount] of more) {
    const had = sum.get(name)
    sum.set(name, had === undefined ? amount : addQuantities(had, amount))
  }
  return sum
}

function largest(to: Amounts, other: Amounts): Amounts {
  const most = new Map(to)
  for (const [name, amount] of other) {
    const had = most.get(name)
    if (had === undefined || compareQuantities(amount, had) > 0) most.set(name, amount)
  }
  return most
}

/** What the containers need together: all at once, or while one of the first ones runs beside the sidecars before it. */
function together(spec: PodSpec, which: Which): Amounts {
  let running: Amounts = new Map()
  for (const container of spec.containers) running = add(running, read(container.resources?.[which]))
  let sidecars: Amounts = new Map()
  let most: Amounts = new Map()
  for (const container of spec.initContainers ?? []) {
    const own = add(sidecars, read(container.resources?.[which]))
    if (isSidecar(container)) sidecars = own
    most = largest(most, own)
  }
  return largest(add(running, sidecars), most)
}

function limitsOf(spec: PodSpec): ResourceList {
  const { limits = {}, requests = {} } = spec.resources ?? {}
  const result: Record<string, string> = { ...limits }
  for (const [name, amount] of together(spec, 'limits'))
    if (isHuge(name) && requests[name] === undefined) result[name] ??= formatQuantity(amount)
  return result
}

function requestsOf(spec: PodSpec, limits: ResourceList): ResourceList {
  const result: Record<string, string> = { ...spec.resources?.requests }
  for (const [name, amount] of together(spec, 'requests'))
    if (name === 'cpu' || name === 'memory') result[name] ??= formatQuantity(amount)
  for (const [name, amount] of Object.entries(limits)) if (isPodLevel(name)) result[name] ??= amount
  return result
}

const size = (list: ResourceList | undefined): number => Object.keys(list ?? {}).length

/** Fills in what the containers say, or what the pod's own limits say. */
export function podResources(spec: PodSpec): PodSpec {
  const { resources } = spec
  if (resources === undefined || size(resources.limits) + size(resources.requests) === 0) return spec
  const limits = limitsOf(spec)
  const requests = size(limits) === 0 ? (resources.requests ?? {}) : requestsOf(spec, limits)
  if (size(limits) === size(resources.limits) && size(requests) === size(resources.requests)) return spec
  return {
    ...spec,
    resources: {
      ...resources,
      ...(size(limits) === 0 ? {} : { limits }),
      ...(size(requests) === 0 ? {} : { requests }),
    },
  }
}
