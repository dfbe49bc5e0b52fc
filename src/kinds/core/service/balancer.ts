/** What a load balancer may report of itself. */
import { dns1123Subdomain } from '#api/names.ts'
import type { LoadBalancerIngress, Service } from '#kinds/facts/generated/types/core_v1.ts'
import { addressProblems, isAddress } from '../../addresses.ts'
import type { Place } from '../../place.ts'
import { specOf } from './types.ts'

const modes = ['Proxy', 'VIP']

function checkMode(place: Place, { ip, ipMode }: LoadBalancerIngress): void {
  if (ipMode === undefined) {
    if (ip) place.required('must be specified when `ip` is set')
  } else if (!ip) place.forbidden('may not be specified when `ip` is not set')
  else if (!modes.includes(ipMode)) place.unsupported(ipMode, modes)
}

export function checkBalancer(list: Place, service: Service, old: Service | undefined): void {
  const ingress = service.status?.loadBalancer?.ingress ?? []
  if (ingress.length > 0 && specOf(service).type !== 'LoadBalancer')
    return list.forbidden("may only be used when `spec.type` is 'LoadBalancer'")
  const known = (old?.status?.loadBalancer?.ingress ?? []).map(one => one.ip)
  list.each(ingress, (one, place) => {
    if (one.ip && !known.includes(one.ip)) place.at('ip').format(one.ip, addressProblems)
    checkMode(place.at('ipMode'), one)
    if (!one.hostname) return
    place.at('hostname').format(one.hostname, dns1123Subdomain)
    if (isAddress(one.hostname)) place.at('hostname').invalid(one.hostname, 'must be a DNS name, not an IP address')
  })
  return undefined
}
