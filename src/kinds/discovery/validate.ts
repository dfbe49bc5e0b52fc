import { isIPv4 } from 'node:net'
import { equal } from '#base/equal.ts'
import type { WriteContext } from '#api/kind.ts'
import { dns1123Label, dns1123Subdomain, labelValueErrors, qualifiedName } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { addressProblems, endpointProblems } from '../addresses.ts'
import { checkLabels } from '../meta.ts'
import { Place } from '../place.ts'

const types = ['FQDN', 'IPv4', 'IPv6']
const protocols = ['SCTP', 'TCP', 'UDP']
const most = { addresses: 100, ports: 20_000, endpoints: 1000, hints: 8, topology: 16 } as const

function checkDomain(place: Place, name: string): void {
  const plain = name.endsWith('.') ? name.slice(0, -1) : name
  const problems = dns1123Subdomain(plain)
  if (name === '') place.required()
  else if (problems.length > 0) place.invalid(plain, problems.join(','))
  else if (!plain.includes('.')) place.invalid(plain, 'should be a domain with at least two segments separated by dots')
}

function checkAddress(place: Place, address: string, { type, list }: { type: string; list: Place }): void {
  if (type === 'FQDN') return checkDomain(place, address)
  const problems = addressProblems(address)
  for (const problem of problems) place.invalid(address, problem)
  if (problems.length > 0) return undefined
  if (isIPv4(address) !== (type === 'IPv4')) list.invalid(address, `must be an ${type} address`)
  place.format(address, endpointProblems)
  return undefined
}

function checkHints(place: Place, hints: NonNullable<Endpoint['hints']>): void {
  const lists = [
    ['forZones', hints.forZones ?? [], labelValueErrors],
    ['forNodes', hints.forNodes ?? [], dns1123Subdomain],
  ] as const
  for (const [name, given, check] of lists) {
    const list = place.at(name)
    if (given.length > most.hints) return list.tooMany(given.length, most.hints)
    const seen = new Set<string>()
    list.each(given, (hint, at) => {
      if (seen.has(hint.name)) at.at('name').duplicate(hint.name)
      seen.add(hint.name)
      at.at('name').format(hint.name, check)
    })
  }
  return undefined
}

function checkEndpoint(place: Place, endpoint: Endpoint, type: string): void {
  const list = place.at('addresses')
  const { addresses, nodeName, hostname, hints, deprecatedTopology: topology } = endpoint
  if (addresses.length === 0) list.required('must contain at least 1 address')
  else if (addresses.length > most.addresses) list.tooMany(addresses.length, most.addresses)
  list.each(addresses, (address, at) => checkAddress(at, address, { type, list }))
  if (nodeName !== undefined) place.at('nodeName').format(nodeName, dns1123Subdomain)
  const count = Object.keys(topology ?? {}).length
  if (count > most.topology) place.at('deprecatedTopology').tooMany(count, most.topology)
  checkLabels(place.at('deprecatedTopology'), topology)
  if (hostname !== undefined) place.at('hostname').format(hostname, dns1123Label)
  if (hints !== undefined) checkHints(place.at('hints'), hints)
}

function checkPorts(list: Place, ports: readonly EndpointPort[]): void {
  if (ports.length > most.ports) return list.tooMany(ports.length, most.ports)
  const names = new Set<string>()
  list.each(ports, ({ name = '', protocol, appProtocol }, at) => {
    if (name !== '') at.at('name').format(name, dns1123Label)
    if (names.has(name)) at.at('name').duplicate(name)
    names.add(name)
    at.at('protocol').oneOf(protocol, protocols)
    if (appProtocol !== undefined) at.at('appProtocol').format(appProtocol, qualifiedName)
  })
  return undefined
}

export function validateSlice(slice: EndpointSlice, { old }: WriteContext<EndpointSlice>): readonly FieldError[] {
  const root = new Place('')
  root.at('addressType').oneOf(slice.addressType, types)
  if (slice.ports !== undefined) checkPorts(root.at('ports'), slice.ports)
  const list = new Place('endpoints')
  if (slice.endpoints.length > most.endpoints) list.tooMany(slice.endpoints.length, most.endpoints)
  else list.each(slice.endpoints, (endpoint, at) => checkEndpoint(at, endpoint, slice.addressType))
  if (old !== undefined && slice.addressType !== old.addressType) root.at('addressType').immutable(slice.addressType)
  // What was accepted once is not refused for what is said about something else.
  const settled = list.errors.length > 0 && old !== undefined && equal(old.endpoints, slice.endpoints)
  return settled ? root.errors : [...root.errors, ...list.errors]
}
