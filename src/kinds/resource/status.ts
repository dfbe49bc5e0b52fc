/** What is wrong with the status of a claim: what was allocated, for whom, and what drivers say of it. */
import { isIPv6 } from 'node:net'
import { dns1123Label } from '#api/names.ts'
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
} from '#kinds/facts/generated/types/resource_v1.ts'
import { isAddress } from '../addresses.ts'
import { checkFixed } from '../apps/checks.ts'
import { checkNodeSelector } from '../core/pod/validate/scheduling.ts'
import { checkDriverName } from '../core/volumeSources.ts'
import type { Place } from '../place.ts'
import { checkBinding, checkConditions, checkParameters, checkPoolName, distinct, limited, most } from './checks.ts'
import { type Names, checkOpaque, checkReference, checkReferences, requestNames } from './references.ts'

const limits = { results: 32, reservedFor: 256, addresses: 16, interface: 256, hardware: 128 } as const
const uidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

type Device = Pick<DeviceRequestAllocationResult, 'driver' | 'pool' | 'device' | 'shareID'>

const idOf = ({ driver, pool, device, shareID }: Device): string =>
  [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/')

function checkDevice(place: Place, { driver, pool, device, shareID }: Device): void {
  checkDriverName(place.at('driver'), driver)
  checkPoolName(place.at('pool'), pool)
  place.at('device').format(device, dns1123Label)
  if (shareID !== undefined && !uidPattern.test(shareID))
    place
      .at('shareID')
      .invalid(
        shareID,
        'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
      )
}

function checkAllocation(place: Place, { devices, nodeSelector }: AllocationResult, names: Names): void {
  const at = place.at('devices')
  limited(at.at('results'), { list: devices?.results, most: limits.results }, (result, one) => {
    checkReference(one.at('request'), result.request, names)
    checkDevice(one, result)
    checkBinding(one, result.bindingConditions, result.bindingFailureConditions)
  })
  limited(at.at('config'), { list: devices?.config, most: 2 * most.config }, (config, one) => {
    one.at('source').oneOf(config.source, ['FromClaim', 'FromClass'])
    checkReferences(one.at('requests'), config.requests, names)
    checkOpaque(one, config.opaque)
  })
  if (nodeSelector !== undefined) checkNodeSelector(place.at('nodeSelector'), nodeSelector)
}

function isInterfaceAddress(text: string): boolean {
  const [address = '', size = '', more] = text.split('/')
  if (more !== undefined || !isAddress(address) || !/^(?:0|[1-9]\d{0,2})$/.test(size)) return false
  return Number(size) <= (isIPv6(address) ? 128 : 32)
}

function checkNetwork(place: Place, network: NetworkDeviceData): void {
  const { interfaceName = '', hardwareAddress = '', ips } = network
  if (interfaceName.length > limits.interface) place.at('interfaceName').tooLong(limits.interface)
  if (hardwareAddress.length > limits.hardware) place.at('hardwareAddress').tooLong(limits.hardware)
  distinct(place.at('ips'), { list: ips, most: limits.addresses, key: ip => ip }, (ip, at) => {
    if (!isInterfaceAddress(ip))
      at.invalid(ip, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')
  })
}

function checkDeviceStatus(place: Place, device: AllocatedDeviceStatus, allocated: ReadonlySet<string>): void {
  checkDevice(place, device)
  if (!allocated.has(idOf(device))) place.invalid(idOf(device), 'must be an allocated device in the claim')
  checkConditions(place.at('conditions'), device.conditions)
  if (device.data !== undefined) checkParameters(place.at('data'), device.data)
  if (device.networkData !== undefined) checkNetwork(place.at('networkData'), device.networkData)
}

export function checkStatus(place: Place, claim: ResourceClaim, old: ResourceClaim | undefined): void {
  const { allocation, reservedFor = [], devices } = claim.status ?? {}
  const consumers = { list: reservedFor, most: limits.reservedFor, key: (one: { readonly uid: string }) => one.uid }
  distinct(place.at('reservedFor'), consumers, (consumer, at) => {
    for (const name of ['resource', 'name', 'uid'] as const) if (!consumer[name]) at.at(name).required()
  })
  const allocated = new Set(allocation?.devices?.results?.map(idOf))
  distinct(place.at('devices'), { list: devices, most: Number.POSITIVE_INFINITY, key: idOf }, (device, at) =>
    checkDeviceStatus(at, device, allocated),
  )
  const before = old?.status
  if (reservedFor.length > 0 && allocation === undefined)
    place.at('reservedFor').forbidden('may not be specified when `allocated` is not set')
  else if (claim.metadata.deletionTimestamp !== undefined) {
    const known = new Set(before?.reservedFor?.map(({ uid }) => uid))
    if (reservedFor.some(({ uid }) => !known.has(uid)))
      place
        .at('reservedFor')
        .forbidden('new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set')
  }
  if (allocation === undefined) return
  if (before?.allocation !== undefined) checkFixed(place.at('allocation'), allocation, before.allocation)
  else checkAllocation(place.at('allocation'), allocation, requestNames(claim.spec.devices))
}
