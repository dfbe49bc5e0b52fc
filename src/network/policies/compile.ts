/** One NetworkPolicy as chains that accept what its rules allow; whoever jumps to them refuses the rest. */
import { fromLabelSelector, type Selector } from '#api/selector.ts'
import { keyOf } from '#api/metadata.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#kinds/facts/generated/types/networking_v1.ts'
import { type Chain, type Match, type NamedSet, type Rule, is, rule } from '../ruleset.ts'
import { answersTo } from './replies.ts'
import { type Membership, type PodSelection, podsOf, portsNamed } from './members.ts'
import * as names from './names.ts'
import { blockRanges, union } from './ranges.ts'

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
  /** For what answers that. */
  readonly answers: readonly Chain[]
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
function selectionOf(own: string, { namespaceSelector, podSelector }: NetworkPolicyPeer): PodSelection | undefined {
  const namespace = namespaceSelector === undefined ? own : fromLabelSelector(namespaceSelector)
  const pods = fromLabelSelector(podSelector ?? {})
  return namespace === undefined || pods === undefined ? undefined : { namespace, pods }
}

/** One set for all of them: with rules for each, those of ports would multiply them. */
function podsMatch(building: Building, direction: Direction, peers: readonly NetworkPolicyPeer[]): Match | undefined {
  const own = building.namespace
  const selections = peers.flatMap(peer => selectionOf(own, peer) ?? [])
  if (selections.length === 0) return undefined
  const words = peers.map(one => JSON.stringify([one.namespaceSelector ?? own, one.podSelector ?? {}]))
  const set = names.contentName('pods', ...new Set(words.sort()))
  building.memberships.set(set, podsOf(set, selections))
  return { type: 'in', fields: [other[direction]], set }
}

function rangesMatch(building: Building, field: 'saddr' | 'daddr' | 'dport', ranges: readonly string[]): Match {
  const type = field === 'dport' ? field : 'saddr'
  const set = names.contentName(type === 'dport' ? 'numbers' : 'blocks', ...ranges)
  const elements = new Map(ranges.map(range => [range, '']))
  building.sets.set(set, { name: set, type: 'set', fields: [type], interval: true, elements })
  return { type: 'in', fields: [field], set }
}

/** Alternatives: each a list of matches that hold together. No list is nobody, an empty one is anybody. */
type Alternatives = readonly (readonly Match[])[]

function peerMatches(building: Building, direction: Direction, peers: DirectedRule['peers']): Alternatives {
  if (peers.length === 0) return [[]]
  const ranges = blockRanges(peers.flatMap(({ ipBlock }) => ipBlock ?? []))
  const pods = podsMatch(
    building,
    direction,
    peers.filter(({ ipBlock }) => ipBlock === undefined),
  )
  return [
    ...(pods === undefined ? [] : [[pods]]),
    ...(ranges.length === 0 ? [] : [[rangesMatch(building, other[direction], ranges)]]),
  ]
}

const protocols = ['TCP', 'UDP', 'SCTP'] as const

const portRanges = (ports: readonly NetworkPolicyPort[]): readonly string[] =>
  union(
    ports.flatMap(({ port, endPort }) => (typeof port === 'number' ? [{ first: port, last: endPort ?? port }] : [])),
  ).map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`))

function portMatches(building: Building, ports: DirectedRule['ports']): Alternatives {
  if (ports.length === 0) return [[]]
  const numbers = protocols.flatMap((protocol): Alternatives => {
    const own = ports.filter(one => (one.protocol ?? 'TCP') === protocol)
    const proto = is('proto', protocol.toLowerCase())
    if (own.some(({ port }) => port === undefined)) return [[proto]]
    const ranges = portRanges(own)
    if (ranges.length === 0) return []
    // The kernel names anonymous sets by a search through all of them: those of many policies would make it slow.
    return [[proto, ranges.length === 1 ? is('dport', ...ranges) : rangesMatch(building, 'dport', ranges)]]
  })
  const named = new Set(
    ports
      .flatMap(({ protocol = 'TCP', port }) => (typeof port === 'string' ? [`${protocol.toLowerCase()}/${port}`] : []))
      .sort(),
  )
  if (named.size === 0) return numbers
  const set = names.contentName('ports', ...named)
  building.memberships.set(set, portsNamed(set, named))
  return [...numbers, [{ type: 'in', fields: ['daddr', 'proto', 'dport'], set }]]
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
    answers: Object.values(chains).map(answersTo),
    sets: [...building.sets.values()],
    memberships: [...building.memberships.values()],
  }
}
