/**
 * Where packets meet policies. What a pod sends is judged first, what it receives after that, in chains of their own:
 * an `accept` ends only the one. Services have translated destinations by then, so that rules see pods.
 */
import {
  type Action,
  type Chain,
  type ConnectionState,
  type Fragment,
  type Match,
  type NamedSet,
  type Rule,
} from '../ruleset.ts'
import { goto, is, joined, jump, rule } from '../ruleset.ts'
import { dnsPort } from '../services/names.ts'
import { answersTo } from './replies.ts'
import type { Direction } from './compile.ts'
import { metadataGuard } from './metadata.ts'
import * as names from './names.ts'
import { flowFields, rememberSeconds, rememberedAtMost } from './refusals.ts'

export interface Place {
  /** This node's pods; absent while the node has no range. */
  readonly podCIDR?: string
  /** Cluster DNS where this node serves it itself. */
  readonly dnsIP?: string
  readonly podInterfaces: string
  readonly serviceCIDR: string
}

/** A pod of this node, with the chains of all policies that isolate it; no list: not isolated. */
export interface Subject {
  readonly address: string
  readonly chains: Readonly<Partial<Record<Direction, readonly string[]>>>
  /** Protocols in which it may ask cluster DNS, where it is isolated. */
  readonly dns: readonly string[]
}

const connection = (state: ConnectionState): Match => ({ type: 'connection', is: state })

/** Errors about what was let through. */
const errors = rule([is('proto', 'icmp'), connection('related')], { type: 'accept' })
const answered = [connection('reply'), connection('established')] as const
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

const refused: readonly Rule[] = [
  rule([is('proto', 'tcp'), connection('established')], { type: 'refuse', how: 'reset' }),
  rule([], { type: 'refuse', how: 'prohibited' }),
]

interface Meeting {
  readonly name: string
  readonly priority: number
  /** What becomes of answers. */
  readonly answers: Action
  readonly rules: readonly Rule[]
}

/** Who opened a connection is judged with every packet of either direction, so that what is forbidden later ends at once. */
const meeting = (hook: 'input' | 'forward', { name, priority, answers, rules }: Meeting): Chain => ({
  name,
  hook: { type: 'filter', hook, priority },
  rules: [errors, rule(answered, answers), ...rules],
})

const verdictOf = (field: 'saddr' | 'daddr', map: string): Rule => rule([], { type: 'lookup', fields: [field], map })

function baseChains(place: Place): readonly Chain[] {
  const [sent, received] = [verdictOf('saddr', names.isolatedOut), verdictOf('daddr', names.isolatedIn)]
  const guard = metadataGuard(sent)
  return [
    guard.chain,
    {
      name: 'pods-family',
      hook: { type: 'filter', hook: 'prerouting', priority: -300 },
      // The cluster has no addresses of IPv6; link-local ones would lead past every rule to the node.
      rules: [rule([is('iif', place.podInterfaces), is('family', 'ipv6')], { type: 'drop' })],
    },
    meeting('input', {
      name: names.toNode,
      priority: -20,
      // What the node opens is not judged.
      answers: { type: 'accept' },
      rules: [...unknown('saddr', place), ...dns(place), sent],
    }),
    meeting('forward', {
      name: names.sent,
      priority: -20,
      answers: goto(names.answersOut),
      // Nobody stands behind a service that is not translated by now: those who refuse it come later, and say so.
      rules: [
        ...unknown('saddr', place),
        itself,
        rule([is('daddr', place.serviceCIDR)], { type: 'accept' }),
        guard.rule,
        sent,
      ],
    }),
    meeting('forward', {
      name: names.received,
      priority: -10,
      answers: goto(names.answersIn),
      rules: [...unknown('daddr', place), itself, received],
    }),
    { name: names.answersOut, rules: [itself, verdictOf('daddr', names.answeredOut)] },
    { name: names.answersIn, rules: [itself, verdictOf('saddr', names.answeredIn)] },
    {
      name: names.refuse,
      rules: [
        // Of no connection any more, and late: whoever sent it need not be told, nor anybody else.
        rule([connection('invalid')], { type: 'drop' }),
        rule([is('proto', 'tcp', 'udp', 'sctp')], { type: 'remember', set: names.refusedFlows, fields: flowFields }),
        ...refused,
      ],
    },
    // Who opened the connection is remembered when he sends.
    { name: names.answerName(names.refuse), rules: refused },
  ]
}

/** Pods under the same policies share their chain. */
const podChain = (direction: Direction, chains: readonly string[]): string =>
  names.contentName(`pods-${direction}`, ...chains)

const set = (name: string, fields: NamedSet['fields'], elements: readonly string[]): NamedSet => ({
  name,
  type: 'set',
  fields,
  elements: new Map(elements.map(element => [element, ''])),
})

const maps = {
  in: [
    [names.isolatedIn, 'daddr', (chain: string) => chain],
    [names.answeredIn, 'saddr', names.answerName],
  ],
  out: [
    [names.isolatedOut, 'saddr', (chain: string) => chain],
    [names.answeredOut, 'daddr', names.answerName],
  ],
} as const

const verdicts = (direction: Direction, subjects: readonly Subject[]): readonly NamedSet[] =>
  maps[direction].map(([name, field, chainOf]) => ({
    name,
    type: 'map',
    fields: [field],
    elements: new Map(
      subjects.flatMap(({ address, chains: { [direction]: own } }) =>
        own === undefined ? [] : [[address, `goto ${chainOf(podChain(direction, own))}`]],
      ),
    ),
  }))

function podChains(direction: Direction, subjects: readonly Subject[]): readonly Chain[] {
  const lists = subjects.flatMap(({ chains }) => (chains[direction] === undefined ? [] : [chains[direction]]))
  const distinct = new Map(lists.map(list => [podChain(direction, list), list]))
  return [...distinct].flatMap(([name, list]) => {
    const chain = { name, rules: [...list.map(one => rule([], jump(one))), rule([], goto(names.refuse))] }
    return [chain, answersTo(chain)]
  })
}

/** @param subjects one for each address */
export const policyTable = (place: Place, subjects: readonly Subject[]): Fragment => ({
  chains: [...baseChains(place), ...podChains('in', subjects), ...podChains('out', subjects)],
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
    ...verdicts('in', subjects),
    ...verdicts('out', subjects),
    {
      ...set(names.refusedFlows, flowFields, []),
      timeout: rememberSeconds,
      size: rememberedAtMost,
    },
  ],
})
