/** What is wrong with ranges of service addresses, and with addresses that are taken. */
import type { WriteContext } from '#api/kind.ts'
import { dns1123Subdomain, pathSegment } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type { IPAddress, ServiceCIDR } from '#kinds/facts/generated/types/networking_v1.ts'
import { parseRange, rangeProblems } from '../addresses.ts'
import { checkFixed } from '../apps/checks.ts'
import { Place } from '../place.ts'

function checkRanges(list: Place, { cidrs = [] }: ServiceCIDR['spec']): void {
  if (cidrs.length === 0) return list.required('at least one CIDR required')
  if (cidrs.length > 2) return list.invalid({ cidrs }, 'may only hold up to 2 values')
  list.each(cidrs, (cidr, at) => at.format(cidr, rangeProblems))
  const [first, second] = cidrs.map(cidr => parseRange(cidr)?.length)
  if (cidrs.length === 2 && first === second && first !== undefined)
    list.invalid(cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')
  return undefined
}

/** A second family may be added, nothing else changes. */
export function validateServiceCIDR(
  { spec }: ServiceCIDR,
  { old, subresource }: WriteContext<ServiceCIDR>,
): readonly FieldError[] {
  const list = new Place('spec').at('cidrs')
  if (subresource === 'status') return list.errors
  const [now, before] = [spec.cidrs ?? [], old?.spec.cidrs ?? []]
  if (old === undefined) checkRanges(list, spec)
  else if (now.length === before.length)
    list.each(now, (cidr, at) => {
      if (!before.includes(cidr) || before.indexOf(cidr) !== now.indexOf(cidr)) at.immutable(cidr)
    })
  else if (before.length === 1 && now.length === 2) {
    if (now[0] !== before[0]) list.item(0).immutable(now[0])
    checkRanges(list, spec)
  } else list.immutable(now)
  return list.errors
}

export function validateIPAddress({ spec }: IPAddress, { old }: WriteContext<IPAddress>): readonly FieldError[] {
  const place = new Place('spec').at('parentRef')
  const { parentRef } = spec
  if (old !== undefined) checkFixed(place, parentRef, old.spec.parentRef)
  else if (parentRef === undefined) place.required()
  else {
    if (parentRef.group) place.at('group').format(parentRef.group, dns1123Subdomain)
    place.at('resource').named(parentRef.resource, pathSegment)
    place.at('name').named(parentRef.name, pathSegment)
    if (parentRef.namespace) place.at('namespace').format(parentRef.namespace, pathSegment)
  }
  return place.errors
}
