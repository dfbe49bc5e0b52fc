/** What is wrong with one device of a slice. */
import { dns1123Label, dns1123Subdomain, labelValueErrors, qualifiedName } from '#api/names.ts'
import type {
  Counter,
  Device,
  DeviceAttribute,
  DeviceTaint,
  NodeAllocatableResourceMapping,
} from '#kinds/facts/generated/types/resource_v1.ts'
import { equal } from '#base/equal.ts'
import { checkNodeSelector } from '../core/pod/validate/scheduling.ts'
import { isNative } from '../core/pod/validate/resources.ts'
import { isNegative, isZero } from '../core/quantities.ts'
import type { Place } from '../place.ts'
import { checkPolicy } from './capacity.ts'
import { checkAttributeName, checkBinding, checkLabel, distinct, effects, limited } from './checks.ts'

const limits = { parts: 32, values: 48, text: 64, taints: 16, consumptions: 2, counters: 32 } as const

const part = String.raw`(?:0|[1-9]\d*)`
const before = String.raw`(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)`
const semver = new RegExp(
  String.raw`^${part}\.${part}\.${part}(?:-${before}(?:\.${before})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$`,
)

function checkText(place: Place, text: string): void {
  if (Buffer.byteLength(text) > limits.text) place.tooLong(limits.text)
}

function checkVersion(place: Place, text: string): void {
  // What is too long is not matched: the pattern would go back and forth over it.
  if (text.length > limits.text || !semver.test(text))
    place.invalid(text, 'must be a string compatible with semver.org spec 2.0.0')
  checkText(place, text)
}

const single = ['bool', 'int', 'string', 'version'] as const
const plural = ['bools', 'ints', 'strings', 'versions'] as const

function checkAttribute(place: Place, attribute: DeviceAttribute): void {
  if (attribute.string !== undefined) checkText(place.at('string'), attribute.string)
  if (attribute.version !== undefined) checkVersion(place.at('version'), attribute.version)
  for (const name of plural)
    if (attribute[name]?.length === 0) place.at(name).invalid([], 'must not be empty if specified')
  place.at('strings').each(attribute.strings, (text, at) => checkText(at, text))
  place.at('versions').each(attribute.versions, (text, at) => checkVersion(at, text))
  const given = [...single, ...plural].filter(name => attribute[name] !== undefined)
  if (given.length !== 1) place.invalid(given.length === 0 ? '' : attribute, 'exactly one value must be specified')
}

const valuesOf = (attribute: DeviceAttribute): number =>
  Math.max(
    1,
    plural.reduce((sum, name) => sum + (attribute[name]?.length ?? 0), 0),
  )

/** Maps of counters by name. */
export function checkCounters(
  place: Place,
  counters: Readonly<Record<string, Counter>> | undefined,
  most: number = limits.counters,
): void {
  const names = Object.keys(counters ?? {})
  if (names.length === 0) place.required()
  else if (names.length > most) place.tooMany(names.length, most)
  else for (const name of names) place.format(name, dns1123Label)
}

function checkTaint(place: Place, { key, value, effect }: DeviceTaint): void {
  place.at('key').format(key, qualifiedName)
  if (value) place.at('value').format(value, labelValueErrors)
  place.at('effect').oneOf(effect, effects)
}

function checkParts(place: Place, device: Device): void {
  const [attributes, capacity] = [Object.entries(device.attributes ?? {}), Object.entries(device.capacity ?? {})]
  const all = attributes.length + capacity.length
  if (all > limits.parts)
    place.invalid(all, `the total number of attributes and capacities must not exceed ${limits.parts}`)
  const values = attributes.reduce((sum, [, attribute]) => sum + valuesOf(attribute), 0)
  if (values > limits.values)
    place.invalid(values, `the total number of attribute values must not exceed ${limits.values}`)
  for (const [name, attribute] of attributes) {
    checkAttributeName(place.at('attributes'), name)
    checkAttribute(place.at('attributes').key(name), attribute)
  }
  for (const [name, { value, requestPolicy }] of capacity) {
    checkAttributeName(place.at('capacity'), name)
    const at = place.at('capacity').key(name).at('requestPolicy')
    if (requestPolicy === undefined) continue
    if (device.allowMultipleAllocations === true) checkPolicy(at, value, requestPolicy)
    else at.forbidden('allowMultipleAllocations must be true')
  }
}

const ofSlice = 'is set to true in the ResourceSlice spec'
const oneNode = `exactly one of \`nodeName\`, \`nodeSelector\`, or \`allNodes\` is required when \`perDeviceNodeSelection\` ${ofSlice}`

function checkNodes(place: Place, { nodeName, nodeSelector, allNodes }: Device, own: boolean): void {
  if (!own) {
    if (nodeName !== undefined || nodeSelector !== undefined || allNodes !== undefined)
      place.invalid(
        null,
        `\`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set if \`perDeviceNodeSelection\` ${ofSlice}`,
      )
    return
  }
  if (nodeName === '') place.at('nodeName').invalid('', 'must not be empty')
  else if (nodeName !== undefined) place.at('nodeName').format(nodeName, dns1123Subdomain)
  if (nodeSelector !== undefined) checkNodeSelector(place.at('nodeSelector'), nodeSelector)
  if (allNodes === false) place.at('allNodes').invalid(false, 'must be either unset or set to true')
  const given = [
    ...(nodeName ? ['`nodeName`'] : []),
    ...(nodeSelector === undefined ? [] : ['`nodeSelector`']),
    ...(allNodes === true ? ['`allNodes`'] : []),
  ]
  if (given.length === 0) place.required(oneNode)
  else if (given.length > 1) place.invalid(`{${given.join(', ')}}`, oneNode)
}

function checkMapping(place: Place, mapping: NodeAllocatableResourceMapping, capacity: Device['capacity']): void {
  const { allocationMultiplier: by, capacityKey: key } = mapping
  if (by === undefined && key === undefined)
    place.invalid('', 'at least one of allocationMultiplier or capacityKey must be set')
  if (by !== undefined && (isNegative(by) || isZero(by)))
    place.at('allocationMultiplier').invalid(by, 'must be positive')
  if (key === '') place.at('capacityKey').invalid('', 'capacityKey must not be an empty string')
  else if (key !== undefined && !Object.hasOwn(capacity ?? {}, key)) place.at('capacityKey').notFound(key)
}

export interface DeviceContext {
  /** The device as it was: its taints, where they are the same, are not judged again. */
  readonly old: Device | undefined
  /** Devices say themselves on which nodes they are. */
  readonly own: boolean
}

export function checkDevice(place: Place, device: Device, { old, own }: DeviceContext): void {
  checkLabel(place.at('name'), device.name)
  checkParts(place, device)
  if (old === undefined || !equal(old.taints, device.taints))
    limited(place.at('taints'), { list: device.taints, most: limits.taints }, (taint, at) => checkTaint(at, taint))
  const sets = { list: device.consumesCounters, most: limits.consumptions }
  distinct(place.at('consumesCounters'), { ...sets, key: one => one.counterSet }, ({ counterSet, counters }, at) => {
    at.at('counterSet').named(counterSet, dns1123Label)
    checkCounters(at.at('counters'), counters)
  })
  checkNodes(place, device, own)
  checkBinding(place, device.bindingConditions, device.bindingFailureConditions)
  for (const [name, mapping] of Object.entries(device.nodeAllocatableResourceMappings ?? {})) {
    const at = place.at('nodeAllocatableResourceMappings').key(name)
    if (!isNative(name)) at.invalid(name, 'must be a node allocatable resource name')
    checkMapping(at, mapping, device.capacity)
  }
}
