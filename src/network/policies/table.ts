/**
 * Where packets meet policies. What a pod sends is judged first, what it receives after that, in chains of their own:
 * an `accept` ends only the one. Services have translated destinations by then, so that rules see pods.
 */
import { type Chain, type Fragment, type Match, type NamedSet, type Rule } from '../ruleset.ts'
import { goto, is, joined, jump, rule } from '../ruleset.ts'
import { dnsPort } from '../services/names.ts'
import type { Direction } from './compile.ts'
import * as names from './names.ts'
import { flowFields } from './refusals.ts'

export interface Place {
  /** This node's pods; absent while the node has no range. */
  readonly podCIDR?: string
  /** Cluster DNS where this node serves it itself. */
  readonly dnsIP?: string
  readonly podInterfaces: string
}

/** A pod of this node, with the chains of all policies that isolate it; no list: not isolated. */
export interface Subject {
  readonly address: string
  readonly chains: Readonly<Partial<Record<Direction, readonly string[]>>>
  /** Protocols in which it may ask cluster DNS, where it is isolated. */
  readonly dns: readonly string[]
}

const connection = (state: 'reply' | 'known' | 'related' | 'established'): Match => ({ type: 'connection', is: state })

/**
 * Who opened a connection is judged with every packet, so that what is forbidden later ends at once. Answers, and
 * errors about what was let through, are not judged again.
 */
const answers: readonly Rule[] = [
  rule([connection('reply'), connection('known')], { type: 'accept' }),
  rule([is('proto', 'icmp'), connection('related')], { type: 'accept' }),
]
const itself = rule([{ type: 'in', fields: ['saddr', 'daddr'], set: names.selves }], { type: 'accept' })

/** Without an agent that has told of it a pod is nobody: no policy could be found for it. */
const unknown = (field: 'saddr' | 'daddr', { podCIDR }: Place): readonly Rule[] =>
  podCIDR === undefined
    ? []
    : [
        rule(
          [
            is(field, podCIDR),
            { type: 'in', fields: [field], set: names.localPods, not: true },
            { type: 'local', field, not: true },
          ],
          { type: 'drop' },
        ),
      ]

/** The rules have asked for port 53, which is translated by now: any other port at that address is the node's own. */
const dns = ({ dnsIP }: Place): readonly Rule[] =>
  dnsIP === undefined
    ? []
    : [
        rule(
          [
            is('daddr', dnsIP),
            { type: 'in', fields: ['saddr', 'proto'], set: names.dnsClients },
            is('dport', String(dnsPort)),
          ],
          { type: 'accept' },
        ),
      ]

function baseChains(place: Place): readonly Chain[] {
  const sent = rule([], { type: 'lookup', fields: ['saddr'], map: names.isolatedOut })
  const received = rule([], { type: 'lookup', fields: ['daddr'], map: names.isolatedIn })
  const filter = (
    name: string,
    hook: 'input' | 'forward',
    rest: { priority: number; rules: readonly Rule[] },
  ): Chain => ({
    name,
    hook: { type: 'filter', hook, priority: rest.priority },
    rules: [...answers, ...rest.rules],
  })
  return [
    {
      name: 'pods-family',
      hook: { type: 'filter', hook: 'prerouting', priority: -300 },
      // The cluster has no addresses of IPv6; link-local ones would lead past every rule to the node.
      rules: [rule([is('iif', place.podInterfaces), is('family', 'ipv6')], { type: 'drop' })],
    },
    filter(names.toNode, 'input', { priority: -20, rules: [...unknown('saddr', place), ...dns(place), sent] }),
    filter(names.sent, 'forward', { priority: -20, rules: [...unknown('saddr', place), itself, sent] }),
    filter(names.received, 'forward', { priority: -10, rules: [...unknown('daddr', place), itself, received] }),
    {
      name: names.refuse,
      rules: [
        rule([is('proto', 'tcp', 'udp', 'sctp')], { type: 'remember', set: names.refusedFlows, fields: flowFields }),
        rule([is('proto', 'tcp'), connection('established')], { type: 'refuse', how: 'reset' }),
        rule([], { type: 'refuse', how: 'prohibited' }),
      ],
    },
  ]
}

const podChain = (direction: Direction, address: string): string => `pod-${direction}-${address}`

const set = (name: string, fields: NamedSet['fields'], elements: readonly string[]): NamedSet => ({
  name,
  type: 'set',
  fields,
  elements: new Map(elements.map(element => [element, ''])),
})

function verdicts(direction: Direction, subjects: readonly Subject[]): NamedSet {
  const isolated = subjects.filter(one => one.chains[direction] !== undefined)
  return {
    name: direction === 'in' ? names.isolatedIn : names.isolatedOut,
    type: 'map',
    fields: [direction === 'in' ? 'daddr' : 'saddr'],
    elements: new Map(isolated.map(({ address }) => [address, `goto ${podChain(direction, address)}`])),
  }
}

function podChains({ address, chains }: Subject): readonly Chain[] {
  return (['in', 'out'] as const).flatMap(direction => {
    const own = chains[direction]
    if (own === undefined) return []
    return [
      {
        name: podChain(direction, address),
        rules: [...own.map(name => rule([], jump(name))), rule([], goto(names.refuse))],
      },
    ]
  })
}

/** How long a refusal is remembered, in seconds, and how many are. */
const rememberSeconds = 3_600
const rememberedAtMost = 4_096

/** @param subjects one for each address */
export const policyTable = (place: Place, subjects: readonly Subject[]): Fragment => ({
  chains: [...baseChains(place), ...subjects.flatMap(podChains)],
  sets: [
    set(
      names.localPods,
      ['saddr'],
      subjects.map(one => one.address),
    ),
    set(
      names.selves,
      ['saddr', 'daddr'],
      subjects.map(one => joined(one.address, one.address)),
    ),
    set(
      names.dnsClients,
      ['saddr', 'proto'],
      subjects.flatMap(one => one.dns.map(proto => joined(one.address, proto))),
    ),
    verdicts('in', subjects),
    verdicts('out', subjects),
    {
      ...set(names.refusedFlows, flowFields, []),
      timeout: rememberSeconds,
      size: rememberedAtMost,
    },
  ],
})
