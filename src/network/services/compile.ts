/** One service as rules: chains for each port, and the addresses that lead to them. */
import type { Service, ServicePort } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { addressNumber, parseRange, rangeText } from '../ip.ts'
import { type Action, type Chain, type Fragment, type NamedSet, type Rule, type Target } from '../ruleset.ts'
import { goto, is, isNot, joined, rule } from '../ruleset.ts'
import { masqueradeBit, podRanges } from './names.ts'
import { type Backends, type Here, backendsOf } from './backends.ts'

/** What one service adds. Entries are `[element, verdict]`. */
export interface ServiceRules extends Fragment {
  readonly addresses: readonly Entry[]
  readonly nodePorts: readonly Entry[]
  readonly refusedAddresses: readonly Entry[]
  readonly refusedNodePorts: readonly Entry[]
  /** Pods of this node that may meet themselves behind the service: `ip . ip`. */
  readonly hairpins: readonly string[]
  /** Where UDP flows may go: `ip:port` or `:port` of a node port, to `ip:port` of endpoints. */
  readonly flows: ReadonlyMap<string, ReadonlySet<string>>
}

export type Entry = readonly [string, string]

interface Building {
  readonly chains: Chain[]
  readonly sets: NamedSet[]
  readonly addresses: Entry[]
  readonly nodePorts: Entry[]
  readonly refusedAddresses: Entry[]
  readonly refusedNodePorts: Entry[]
  readonly hairpins: Set<string>
  readonly flows: Map<string, ReadonlySet<string>>
}

interface Port {
  readonly service: Service
  readonly number: number
  readonly nodePort: number
  readonly proto: 'tcp' | 'udp' | 'sctp'
  /** Part of all names: `namespace/name/proto/number`. */
  readonly key: string
  readonly backends: Backends
}

const mark: Action = { type: 'mark', bit: masqueradeBit }
const drop: Action = { type: 'drop' }
const translate = (proto: string, to: readonly Target[]): Rule => rule([is('proto', proto)], { type: 'translate', to })
const usualTimeout = 10_800

const affinitySeconds = ({ spec }: Service): number | undefined =>
  spec?.sessionAffinity === 'ClientIP'
    ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? usualTimeout)
    : undefined

/** A chain that sends a connection to one of the endpoints. */
function balance(building: Building, port: Port, what: { name: string; to: readonly Target[] }): void {
  const timeout = affinitySeconds(port.service)
  const { name, to } = what
  if (timeout === undefined) {
    building.chains.push({ name, rules: [translate(port.proto, to)] })
    return
  }
  const ends = to.map(one => ({ ...endpointNames(port, one), one }))
  for (const { chain, set, one } of ends) {
    if (building.sets.some(other => other.name === set)) continue
    building.sets.push({ name: set, type: 'set', fields: ['saddr'], timeout, elements: new Map() })
    building.chains.push({
      name: chain,
      rules: [rule([], { type: 'remember', set, fields: ['saddr'] }), translate(port.proto, [one])],
    })
  }
  building.chains.push({
    name,
    rules: [
      ...ends.map(({ chain, set }) => rule([{ type: 'in', fields: ['saddr'], set }], goto(chain))),
      rule([], { type: 'choose', chains: ends.map(({ chain }) => chain) }),
    ],
  })
}

const endpointNames = ({ key }: Port, { ip, port }: Target): { chain: string; set: string } => ({
  chain: `end-${key}/${ip}/${port}`,
  set: `aff-${key}/${ip}/${port}`,
})

/** For connections from outside the cluster: through the node's address, or to endpoints of this node alone. */
function externalRules({ service, key, backends }: Port): readonly Rule[] {
  const anywhere = goto(`svc-${key}`)
  if (service.spec?.externalTrafficPolicy !== 'Local') return [rule([], mark, anywhere)]
  return [
    rule([{ type: 'in', fields: ['saddr'], set: podRanges }], anywhere),
    rule([{ type: 'local', field: 'saddr' }], mark, anywhere),
    rule([], backends.local.length > 0 ? goto(`loc-${key}`) : drop),
  ]
}

const sourceRanges = ({ spec }: Service): readonly string[] =>
  (spec?.loadBalancerSourceRanges ?? []).flatMap(text => {
    const range = parseRange(text.trim())
    return range === undefined ? [] : [rangeText(range)]
  })

function loadBalancerVerdict(building: Building, { service, key }: Port): string {
  const ranges = sourceRanges(service)
  // Ranges that are all malformed or of the other family let nobody in.
  if ((service.spec?.loadBalancerSourceRanges ?? []).length === 0) return `goto ext-${key}`
  const open = ranges.includes('0.0.0.0/0')
  const guard = ranges.length === 0 ? [rule([], drop)] : open ? [] : [rule([isNot('saddr', ...ranges)], drop)]
  building.chains.push({ name: `fwl-${key}`, rules: [...guard, rule([], goto(`ext-${key}`))] })
  return `goto fwl-${key}`
}

const loadBalancerIPs = ({ spec, status }: Service): readonly string[] =>
  spec?.type === 'LoadBalancer'
    ? (status?.loadBalancer?.ingress ?? []).filter(one => one.ipMode !== 'Proxy').map(one => one.ip ?? '')
    : []

const valid = (ips: readonly string[]): readonly string[] => ips.filter(ip => addressNumber(ip) !== undefined)

interface Front {
  readonly clusterIPs: readonly string[]
  readonly externalIPs: readonly string[]
  readonly loadBalancer: readonly string[]
}

const frontOf = (service: Service): Front => ({
  clusterIPs: valid([...new Set([service.spec?.clusterIP ?? '', ...(service.spec?.clusterIPs ?? [])])]),
  externalIPs: valid(service.spec?.externalIPs ?? []),
  loadBalancer: valid(loadBalancerIPs(service)),
})

function addOpen(building: Building, port: Port, { clusterIPs, externalIPs, loadBalancer }: Front): void {
  const { key, proto, number, nodePort, service, backends } = port
  const { internalTrafficPolicy, externalTrafficPolicy } = service.spec ?? {}
  balance(building, port, { name: `svc-${key}`, to: backends.cluster })
  const internalLocal = internalTrafficPolicy === 'Local'
  if (backends.local.length > 0 && (internalLocal || externalTrafficPolicy === 'Local'))
    balance(building, port, { name: `loc-${key}`, to: backends.local })
  const internal = !internalLocal ? `goto svc-${key}` : backends.local.length > 0 ? `goto loc-${key}` : 'drop'
  for (const ip of clusterIPs) building.addresses.push([joined(ip, proto, number), internal])
  if (externalIPs.length + loadBalancer.length + nodePort === 0) return
  building.chains.push({ name: `ext-${key}`, rules: externalRules(port) })
  for (const ip of externalIPs) building.addresses.push([joined(ip, proto, number), `goto ext-${key}`])
  if (nodePort > 0) building.nodePorts.push([joined(proto, nodePort), `goto ext-${key}`])
  if (loadBalancer.length === 0) return
  const verdict = loadBalancerVerdict(building, port)
  for (const ip of loadBalancer) building.addresses.push([joined(ip, proto, number), verdict])
}

function addFlows(building: Building, port: Port, ips: readonly string[]): void {
  const ends = new Set([...port.backends.cluster, ...port.backends.local].map(one => `${one.ip}:${one.port}`))
  for (const ip of ips) building.flows.set(`${ip}:${port.number}`, ends)
  if (port.nodePort > 0) building.flows.set(`:${port.nodePort}`, ends)
}

function addPort(building: Building, port: Port): void {
  const front = frontOf(port.service)
  const { proto, number, nodePort, backends } = port
  const ips = [...front.clusterIPs, ...front.externalIPs, ...front.loadBalancer]
  if (proto === 'udp') addFlows(building, port, ips)
  if (backends.cluster.length === 0) {
    for (const ip of ips) building.refusedAddresses.push([joined(ip, proto, number), 'goto refuse'])
    if (nodePort > 0) building.refusedNodePorts.push([joined(proto, nodePort), 'goto refuse'])
    return
  }
  addOpen(building, port, front)
  for (const { ip } of backends.local) building.hairpins.add(joined(ip, ip))
}

function portOf(service: Service, port: ServicePort, backends: Backends): Port {
  const proto = ({ TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const)[port.protocol ?? 'TCP']
  const { namespace = '', name = '' } = service.metadata
  const number = port.port
  const nodePort = service.spec?.type === 'ClusterIP' ? 0 : (port.nodePort ?? 0)
  return { service, number, nodePort, proto, backends, key: `${namespace}/${name}/${proto}/${number}` }
}

/** @param service one that isProxied */
export function compileService(service: Service, slices: readonly EndpointSlice[], here: Here): ServiceRules {
  const building: Building = {
    chains: [],
    sets: [],
    addresses: [],
    nodePorts: [],
    refusedAddresses: [],
    refusedNodePorts: [],
    hairpins: new Set(),
    flows: new Map(),
  }
  for (const port of service.spec?.ports ?? []) addPort(building, portOf(service, port, backendsOf(port, slices, here)))
  return { ...building, hairpins: [...building.hairpins] }
}
