import type {
  Device,
  DeviceClaim,
  DeviceRequest,
  DeviceTaint,
  ResourceClaimSpec,
  ResourceClaimTemplateSpec,
  ResourceSlice,
} from '#kinds/facts/generated/types/resource_v1.ts'
import { each, fill, put, within } from '../fill.ts'

interface Wish {
  readonly allocationMode?: string
  readonly count?: number
}

function wished<W extends Wish>(given: W): W {
  const wish = given.allocationMode ? given : { ...given, allocationMode: 'ExactCount' }
  return wish.allocationMode === 'ExactCount' && !wish.count ? { ...wish, count: 1 } : wish
}

const request = (given: DeviceRequest): DeviceRequest =>
  within(within(given, 'exactly', wished), 'firstAvailable', list => each(list, wished))

/** One device of each request, where nothing else is said. */
const claimed = (claim: DeviceClaim): DeviceClaim => within(claim, 'requests', list => each(list, request))

type Spec = ResourceSlice['spec']

function mapped(mappings: NonNullable<Device['nodeAllocatableResourceMappings']>): typeof mappings {
  const entries = Object.entries(mappings)
  if (entries.every(([, mapping]) => mapping.allocationMultiplier !== undefined)) return mappings
  return Object.fromEntries(entries.map(([name, mapping]) => [name, fill(mapping, { allocationMultiplier: '1' })]))
}

/** What devices give of a node's own resources counts once. */
export const mappedSlice = (spec: Spec): Spec =>
  within(spec, 'devices', devices => each(devices, device => within(device, 'nodeAllocatableResourceMappings', mapped)))

const stamped =
  (now: string) =>
  (taint: DeviceTaint): DeviceTaint =>
    taint.timeAdded === undefined ? put(taint, 'timeAdded', now) : taint

/** Taints say since when they are there. */
export const stampedSlice = (spec: Spec, now: string): Spec =>
  within(spec, 'devices', devices =>
    each(devices, device => within(device, 'taints', taints => each(taints, stamped(now)))),
  )

export const claimedTemplate = (spec: ResourceClaimTemplateSpec): ResourceClaimTemplateSpec =>
  within(spec, 'spec', inner => within(inner, 'devices', claimed))

export const claimedSpec = (spec: ResourceClaimSpec): ResourceClaimSpec => within(spec, 'devices', claimed)
