/** What is wrong with slices and classes of devices. */
import type { WriteContext } from '#api/kind.ts'
import { dns1123Label, dns1123Subdomain } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type { Device, DeviceClass, ResourceSlice, ResourceSliceSpec } from '#kinds/facts/generated/types/resource_v1.ts'
import { checkFixed } from '../apps/checks.ts'
import { isExtended } from '../core/pod/validate/resources.ts'
import { checkNodeSelector } from '../core/pod/validate/scheduling.ts'
import { checkDriverName } from '../core/volumeSources.ts'
import { Place } from '../place.ts'
import { checkPoolName, distinct, limited, most } from './checks.ts'
import { checkCounters, checkDevice } from './devices.ts'
import { checkOpaque } from './references.ts'
import { checkSelectors } from './selectors.ts'

const limits = { devices: 128, advanced: 64, counterSets: 8 } as const
const unsetOrTrue = 'must be either unset or set to true'
const oneOf = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'

function checkNodes(place: Place, spec: ResourceSliceSpec): void {
  const { nodeName, nodeSelector, allNodes, perDeviceNodeSelection: own } = spec
  if (nodeName === '') place.at('nodeName').invalid('', 'must be either unset or set to a non-empty string')
  else if (nodeName !== undefined) place.at('nodeName').format(nodeName, dns1123Subdomain)
  if (nodeSelector !== undefined) {
    checkNodeSelector(place.at('nodeSelector'), nodeSelector)
    const { nodeSelectorTerms: terms } = nodeSelector
    if (terms.length !== 1)
      place.at('nodeSelector.nodeSelectorTerms').invalid(terms, 'must have exactly one node selector term')
  }
  if (allNodes === false) place.at('allNodes').invalid(false, unsetOrTrue)
  if (own === false) place.at('perDeviceNodeSelection').invalid(false, unsetOrTrue)
  const given = [
    ...(nodeName ? ['`nodeName`'] : []),
    ...(nodeSelector === undefined ? [] : ['`nodeSelector`']),
    ...(allNodes === true ? ['`allNodes`'] : []),
    ...(own === true ? ['`perDeviceNodeSelection`'] : []),
  ]
  if (given.length === 0) place.required(oneOf)
  else if (given.length > 1) place.invalid(`{${given.join(', ')}}`, `${oneOf}, but multiple fields are set`)
}

/** Devices that take more room each, of which there may be fewer. */
const isAdvanced = ({ taints = [], consumesCounters = [], attributes = {} }: Device): boolean =>
  taints.length + consumesCounters.length > 0 ||
  Object.values(attributes).some(
    ({ bools, ints, strings, versions }) => (bools ?? ints ?? strings ?? versions) !== undefined,
  )

function checkPool(place: Place, { name, generation, resourceSliceCount: count }: ResourceSliceSpec['pool']): void {
  checkPoolName(place.at('name'), name)
  place.at('resourceSliceCount').positive(count)
  if (generation < 0) place.at('generation').invalid(generation, 'must be greater than or equal to zero')
}

export function validateSlice({ spec }: ResourceSlice, { old }: WriteContext<ResourceSlice>): readonly FieldError[] {
  const place = new Place('spec')
  checkDriverName(place.at('driver'), spec.driver)
  checkPool(place.at('pool'), spec.pool)
  if (old !== undefined) {
    checkFixed(place.at('pool.name'), spec.pool.name, old.spec.pool.name)
    checkFixed(place.at('driver'), spec.driver, old.spec.driver)
    checkFixed(place.at('nodeName'), spec.nodeName, old.spec.nodeName)
  }
  checkNodes(place, spec)
  const { devices, sharedCounters } = spec
  if (sharedCounters !== undefined && devices !== undefined)
    place.invalid('', 'only one of `sharedCounters` or `devices` is allowed')
  const before = new Map(old?.spec.devices?.map(device => [device.name, device]))
  const many = devices?.some(isAdvanced) === true ? limits.advanced : limits.devices
  distinct(place.at('devices'), { list: devices, most: many, key: one => one.name }, (device, at) =>
    checkDevice(at, device, { old: before.get(device.name), own: spec.perDeviceNodeSelection === true }),
  )
  const sets = { list: sharedCounters, most: limits.counterSets }
  distinct(place.at('sharedCounters'), { ...sets, key: one => one.name }, ({ name, counters }, at) => {
    at.at('name').named(name, dns1123Label)
    checkCounters(at.at('counters'), counters)
  })
  return place.errors
}

export function validateClass({ spec }: DeviceClass): readonly FieldError[] {
  const place = new Place('spec')
  checkSelectors(place.at('selectors'), spec.selectors)
  limited(place.at('config'), { list: spec.config, most: most.config }, ({ opaque }, at) => checkOpaque(at, opaque))
  const { extendedResourceName: name } = spec
  if (name !== undefined && !isExtended(name))
    place.at('extendedResourceName').invalid(name, 'must be a valid extended resource name')
  return place.errors
}
