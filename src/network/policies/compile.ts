/** One NetworkPolicy as chains that accept what its rules allow; whoever jumps to them refuses the rest. */
import { fromLabelSelector, type Selector } from '#api/selector.ts'
import { keyOf } from '#api/metadata.ts'
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '#kinds/facts/generated/types/networking_v1.ts'
import { type Chain, type Match, type NamedSet, type Rule, is, rule } from '../ruleset.ts'
import { type Membership, podsOf, portsNamed } from './members.ts'
import * as names from './names.ts'
import { blockRanges } from './ranges.ts'

export type Direction = 'in' | 'out'

/** A rule of either direction, as the API has them under two names. */
export interface DirectedRule {
  readonly peers: readonly NetworkPolicyPeer[]
  readonly ports: readonly NetworkPolicyPort[]
}

export interface PolicyRules {
  /** Of the pods that it isolates. */
  readonly pods: Selector | undefined
  readonly chains: Readonly<Partial<Record<Direction, Chain>>>
  /** Of its blocks. */
  readonly sets: readonly NamedSet[]
  readonly memberships: readonly Membership[]
}

interface Building {
  readonly namespace: string
  readonly sets: Map<string, NamedSet>
  readonly memberships: Map<string, Membership>
}

export const rulesOf = ({ spec }: NetworkPolicy, direction: Direction): readonly DirectedRule[] =>
  direction === 'in'
    ? (spec.ingress ?? []).map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : (spec.egress ?? []).map(({ to = [], ports = [] }) => ({ peers: to, ports }))

export const isolates = ({ spec }: NetworkPolicy, direction: Direction): boolean =>
  spec.policyTypes?.includes(direction === 'in' ? 'Ingress' : 'Egress') === true

const other = { in: 'saddr', out: 'daddr' } as const

/** undefined for a selector that says nothing: such a peer is nobody. */
function podsMatch(building: Building, direction: Direction, peer: NetworkPolicyPeer): Match | undefined {
  const { namespaceSelector, podSelector } = peer
  const namespace = namespaceSelector === undefined ? building.namespace : fromLabelSelector(namespaceSelector)
  const pods = fromLabelSelector(podSelector ?? {})
  if (namespace === undefined || pods === undefined) return undefined
  const set = names.contentName('pods', namespaceSelector ?? building.namespace, podSelector ?? {})
  building.memberships.set(set, podsOf(set, { namespace, pods }))
  return { type: 'in', fields: [other[direction]], set }
}

function blocksMatch(building: Building, direction: Direction, blocks: readonly IPBlock[]): Match | undefined {
  const ranges = blocks.flatMap(blockRanges)
  if (ranges.length === 0) return undefined
  const set = names.contentName('blocks', ...ranges)
  const elements = new Map(ranges.map(range => [range, '']))
  building.sets.set(set, { name: set, type: 'set', fields: ['saddr'], interval: true, elements })
  return { type: 'in', fields: [other[direction]], set }
}

/** Alternatives: each a list of matches that hold together. No list is nobody, an empty one is anybody. */
type Alternatives = readonly (readonly Match[])[]

function peerMatches(building: Building, direction: Direction, peers: DirectedRule['peers']): Alternatives {
  if (peers.length === 0) return [[]]
  const blocks = peers.flatMap(({ ipBlock }) => ipBlock ?? [])
  const pods = peers.filter(({ ipBlock }) => ipBlock === undefined)
  const found = [
    ...pods.map(peer => podsMatch(building, direction, peer)),
    blocksMatch(building, direction, blocks),
  ].flatMap(match => match ?? [])
  const distinct = new Map(found.map(match => [JSON.stringify(match), [match]]))
  return [...distinct.values()]
}

const protocols = ['TCP', 'UDP', 'SCTP'] as const

/** Ranges of numbers that do not touch, in order: nftables wants them so. */
function portRanges(ports: readonly NetworkPolicyPort[]): readonly string[] {
  const spans = ports
    .flatMap(({ port, endPort }) => (typeof port === 'number' ? [[port, endPort ?? port] as const] : []))
    .sort(([a], [b]) => a - b)
  const merged: [number, number][] = []
  for (const [first, last] of spans) {
    const before = merged.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else merged.push([first, last])
  }
  return merged.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`))
}

function portMatches(building: Building, ports: DirectedRule['ports']): Alternatives {
  if (ports.length === 0) return [[]]
  return protocols.flatMap((protocol): Alternatives => {
    const own = ports.filter(one => (one.protocol ?? 'TCP') === protocol)
    const proto = protocol.toLowerCase()
    if (own.some(({ port }) => port === undefined)) return [[is('proto', proto)]]
    const numbers = portRanges(own)
    const named = [...new Set(own.flatMap(({ port }) => (typeof port === 'string' ? [port] : [])))].map(name => {
      const set = names.contentName('ports', proto, name)
      building.memberships.set(set, portsNamed(set, proto, name))
      return [{ type: 'in' as const, fields: ['daddr', 'proto', 'dport'] as const, set }]
    })
    return numbers.length === 0 ? named : [[is('proto', proto), is('dport', ...numbers)], ...named]
  })
}

function chainOf(building: Building, policy: NetworkPolicy, direction: Direction): Chain {
  const rules = rulesOf(policy, direction).flatMap(({ peers, ports }): readonly Rule[] => {
    const who = peerMatches(building, direction, peers)
    const where = portMatches(building, ports)
    return who.flatMap(one => where.map(two => rule([...one, ...two], { type: 'accept' })))
  })
  return { name: names.chainName(direction, keyOf(policy)), rules }
}

export function compilePolicy(policy: NetworkPolicy): PolicyRules {
  const building: Building = {
    namespace: policy.metadata.namespace ?? '',
    sets: new Map(),
    memberships: new Map(),
  }
  const chains: Partial<Record<Direction, Chain>> = {}
  for (const direction of ['in', 'out'] as const)
    if (isolates(policy, direction)) chains[direction] = chainOf(building, policy, direction)
  return {
    pods: fromLabelSelector(policy.spec.podSelector),
    chains,
    sets: [...building.sets.values()],
    memberships: [...building.memberships.values()],
  }
}
