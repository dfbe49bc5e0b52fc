/** A service's addresses and their families, and what may become of them. */
import { addressProblems } from '../../addresses.ts'
import type { Place } from '../../place.ts'
import type { Spec } from './types.ts'

const families = ['IPv4', 'IPv6']
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']

const isHeadless = ({ clusterIPs = [] }: Spec): boolean => clusterIPs.length === 1 && clusterIPs[0] === 'None'
const familyOf = (address: string): string => (address.includes(':') ? 'IPv6' : 'IPv4')

function checkPair(place: Place, { clusterIP = '', clusterIPs = [] }: Spec): void {
  if (clusterIP !== '') {
    if (clusterIPs.length === 0) place.required()
    else if (clusterIPs[0] !== clusterIP) place.invalid(clusterIPs, 'first value must match `clusterIP`')
  } else if (clusterIPs.length > 0) place.invalid(clusterIPs, 'must be empty when `clusterIP` is not specified')
}

function checkFamilies(place: Place, spec: Spec): void {
  const seen = new Set<string>()
  place.at('ipFamilies').each(spec.ipFamilies, (family, at) => {
    if (!families.includes(family)) at.unsupported(family, families)
    if (seen.has(family)) at.duplicate(family)
    seen.add(family)
  })
  const { ipFamilyPolicy: policy } = spec
  if (policy !== undefined && !policies.includes(policy)) place.at('ipFamilyPolicy').unsupported(policy, policies)
}

/** The cluster has addresses of one family. */
function checkServed(place: Place, spec: Spec): void {
  if (isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0) return
  if (spec.ipFamilyPolicy === 'RequireDualStack')
    place.at('ipFamilyPolicy').invalid(spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services')
  place.at('ipFamilies').each(spec.ipFamilies, (family, at) => {
    if (family === 'IPv6') at.invalid(family, 'not configured on this cluster')
  })
}

/** @returns whether every address is one. */
function checkEach(list: Place, spec: Spec, known: readonly string[]): boolean {
  const { clusterIPs = [] } = spec
  const before = list.errors.length
  list.each(clusterIPs, (address, at) => {
    const first = address === clusterIPs[0]
    if (first && address === 'None') {
      if (clusterIPs.length > 1) list.invalid(clusterIPs, "'None' must be the first and only value")
    } else if (!known.includes(address)) at.format(address, addressProblems)
  })
  const valid = list.errors.length === before
  if (clusterIPs.length > 2) list.invalid(clusterIPs, 'may only hold up to 2 values')
  return valid
}

export function checkAddresses(place: Place, spec: Spec, old: Spec | undefined): void {
  if (spec.type === 'ExternalName') return
  const list = place.at('clusterIPs')
  checkPair(list, spec)
  checkFamilies(place, spec)
  if (!checkEach(list, spec, old?.clusterIPs ?? [])) return
  const { clusterIPs = [], ipFamilies = [] } = spec
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(familyOf)).size < clusterIPs.length)
    list.invalid(clusterIPs, 'may specify no more than one IP for each IP family')
  if (!isHeadless(spec))
    clusterIPs.forEach((address, index) => {
      const family = ipFamilies[index]
      if (family !== undefined && family !== familyOf(address))
        list.item(index).invalid(address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``)
    })
  checkServed(place, spec)
}

const fixed = 'may not change once set'

export function checkAddressUpdate(place: Place, spec: Spec, old: Spec): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return
  if (isHeadless(spec) && isHeadless(old)) return
  const [next, before] = [spec.clusterIPs ?? [], old.clusterIPs ?? []]
  const list = place.at('clusterIPs')
  if (before.length > 0 && next.length === 0) list.item(0).invalid(next, 'primary clusterIP can not be unset')
  else if (next.length === before.length)
    before.forEach((address, index) => {
      if (address !== next[index]) list.item(index).invalid(next, fixed)
    })
  else if (before.length > 0 && next[0] !== before[0]) list.item(0).invalid(next, fixed)
  const [first, was] = [spec.ipFamilies?.[0], old.ipFamilies?.[0]]
  if (isHeadless(spec) === isHeadless(old) && !isHeadless(spec) && was !== undefined && first !== was)
    place
      .at('ipFamilies')
      .item(0)
      .invalid(spec.ipFamilies ?? null, fixed)
}
