/** How a pod calls itself and finds others: hostname, hosts file, resolver. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'

export interface Resolver {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface ClusterNames {
  /** Addresses of the cluster's DNS; empty where it has none. */
  readonly dns: readonly string[]
  /** For example `cluster.local`. */
  readonly domain: string
  /** What the host itself uses. */
  readonly host: Resolver
}

const longestHostname = 63

export function hostnameOf(pod: Pod, nodeName: string): string {
  if (pod.spec.hostnameOverride !== undefined) return pod.spec.hostnameOverride
  if (pod.spec.hostNetwork === true) return nodeName
  const name = pod.spec.hostname ?? ''
  return (name === '' ? (pod.metadata.name ?? '') : name).slice(0, longestHostname).replace(/[-.]+$/, '')
}

/** The name under which a headless service publishes the pod, else undefined. */
export function domainOf(pod: Pod, domain: string): string | undefined {
  const { subdomain } = pod.spec
  return subdomain === undefined || subdomain === ''
    ? undefined
    : `${subdomain}.${pod.metadata.namespace}.svc.${domain}`
}

export function resolverOf(pod: Pod, { dns, domain, host }: ClusterNames): Resolver {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst'
  const cluster =
    dns.length > 0 &&
    (policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && pod.spec.hostNetwork !== true))
  const namespace = pod.metadata.namespace ?? ''
  const searches = [`${namespace}.svc.${domain}`, `svc.${domain}`, domain]
  const base: Resolver = cluster
    ? { servers: dns, searches: [...searches, ...host.searches], options: ['ndots:5'] }
    : policy === 'None'
      ? { servers: [], searches: [], options: [] }
      : host
  const more = pod.spec.dnsConfig
  if (more === undefined) return base
  const named = (option: string): string => option.split(':')[0] ?? ''
  const own = (more.options ?? []).map(({ name = '', value }) => (value === undefined ? name : `${name}:${value}`))
  const kept = base.options.filter(option => !own.some(one => named(one) === named(option)))
  return {
    servers: [...new Set([...base.servers, ...(more.nameservers ?? [])])],
    searches: [...new Set([...base.searches, ...(more.searches ?? [])])],
    options: [...kept, ...own],
  }
}

/** Reads resolv.conf. */
export function parseResolver(text: string): Resolver {
  const lines = text
    .split('\n')
    .map(line =>
      line
        .replace(/[#;].*/, '')
        .trim()
        .split(/\s+/),
    )
    .filter(words => words.length > 1)
  const of = (word: string): readonly (readonly string[])[] => lines.filter(words => words[0] === word)
  return {
    servers: of('nameserver').map(words => words[1] ?? ''),
    searches: of('search').at(-1)?.slice(1) ?? [],
    options: of('options').flatMap(words => words.slice(1)),
  }
}

const local = [
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost ip6-localhost ip6-loopback'],
  ['fe00::0', 'ip6-localnet'],
  ['fe00::0', 'ip6-mcastprefix'],
  ['fe00::1', 'ip6-allnodes'],
  ['fe00::2', 'ip6-allrouters'],
]

export interface HostsInput {
  readonly pod: Pod
  readonly ips: readonly string[]
  readonly hostname: string
  readonly domain: string | undefined
  /** The host's own file, for pods on its network. */
  readonly host: string
}

export function hostsFile({ pod, ips, hostname, domain, host }: HostsInput): string {
  const names = domain === undefined ? hostname : `${hostname}.${domain}\t${hostname}`
  const aliases = (pod.spec.hostAliases ?? []).map(one => `${one.ip}\t${(one.hostnames ?? []).join('\t')}`)
  const own = [...local, ...ips.map(ip => [ip, names])].map(line => line.join('\t'))
  const top =
    pod.spec.hostNetwork === true
      ? ['# Kubernetes-managed hosts file (host network).', host.trimEnd()]
      : ['# Kubernetes-managed hosts file.', ...own]
  const more = aliases.length === 0 ? [] : ['', '# Entries added by HostAliases.', ...aliases]
  return `${[...top, ...more].join('\n')}\n`
}
