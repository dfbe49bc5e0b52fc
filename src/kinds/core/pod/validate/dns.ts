/** Names: how the pod finds others, and what it is called itself. */
import { dns1123Label, dns1123Subdomain, subdomainWithUnderscore } from '#api/names.ts'
import type { HostAlias, PodDNSConfig, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { addressProblems } from '../../../addresses.ts'
import type { Place } from '../../../place.ts'

const most = { nameservers: 3, searches: 32, characters: 2048 } as const

function checkConfig(place: Place, { nameservers = [], searches = [], options }: PodDNSConfig): void {
  const at = { nameservers: place.at('nameservers'), searches: place.at('searches') }
  if (nameservers.length > most.nameservers)
    at.nameservers.invalid(nameservers, `must not have more than ${most.nameservers} nameservers`)
  at.nameservers.each(nameservers, (server, where) => where.format(server, addressProblems))
  if (searches.length > most.searches)
    at.searches.invalid(searches, `must not have more than ${most.searches} search paths`)
  if (searches.join(' ').length > most.characters)
    at.searches.invalid(
      searches,
      `must not have more than ${most.characters} characters (including spaces) in the search list`,
    )
  at.searches.each(searches, (search, where) => {
    if (search !== '.') where.format(search.endsWith('.') ? search.slice(0, -1) : search, subdomainWithUnderscore)
  })
  place.at('options').each(options, (option, where) => {
    if (!option.name) where.required('must not be empty')
  })
}

export function checkDNS(place: Place, { dnsPolicy, dnsConfig }: PodSpec): void {
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) return place.required('must provide `dnsConfig` when `dnsPolicy` is None')
    if ((dnsConfig.nameservers?.length ?? 0) === 0)
      return place.at('nameservers').required('must provide at least one DNS nameserver when `dnsPolicy` is None')
  }
  if (dnsConfig !== undefined) checkConfig(place, dnsConfig)
  return undefined
}

export const checkHostAliases = (list: Place, aliases: readonly HostAlias[]): void =>
  list.each(aliases, (alias, place) => {
    place.at('ip').format(alias.ip, addressProblems)
    place.at('hostnames').each(alias.hostnames, (name, at) => at.format(name, dns1123Subdomain))
  })

const longestHostname = 64

export function checkHostnames(place: Place, spec: PodSpec): void {
  const { hostname, subdomain, hostnameOverride: override } = spec
  if (override !== undefined) {
    const at = place.at('hostnameOverride')
    if (spec.setHostnameAsFQDN === true) at.forbidden('may not be specified when setHostnameAsFQDN is true')
    if (spec.hostNetwork === true) at.forbidden('may not be specified when hostNetwork is true')
    if (override.length > longestHostname) at.tooLong(longestHostname)
    at.format(override, dns1123Subdomain)
  }
  if (hostname) place.at('hostname').format(hostname, dns1123Label)
  if (subdomain) place.at('subdomain').format(subdomain, dns1123Label)
}
