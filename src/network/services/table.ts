/** The table of a node: the frame that every packet meets, filled with the rules of all services. */
import type { Fragment, Match, NamedSet, Rule } from '../ruleset.ts'
import { type Chain, goto, is, isNot, jump, rule } from '../ruleset.ts'
import type { Entry, ServiceRules } from './compile.ts'
import * as names from './names.ts'

export interface Frame {
  /** This node's pods; absent while the node has no range yet. */
  readonly podCIDR?: string
  /** Ranges of all nodes' pods. */
  readonly podRanges: readonly string[]
  readonly serviceCIDR: string
  /** Address of cluster DNS, which is served on this node; absent: it is a service like others. */
  readonly dnsIP?: string
  /** Interfaces that lead to pods, for example `veth*`. */
  readonly podInterfaces: string
}

const byAddress = ['daddr', 'proto', 'dport'] as const
const byPort = ['proto', 'dport'] as const
const fresh: Match = { type: 'connection', is: 'new' }
const toNode = (dnsIP?: string): readonly Match[] => [
  { type: 'local', field: 'daddr' },
  isNot('daddr', '127.0.0.0/8', ...(dnsIP === undefined ? [] : [dnsIP])),
]
const fromElsewhere = (range: Match): readonly Match[] => [range, { type: 'local', field: 'saddr', not: true }]

function servicesChain({ serviceCIDR, dnsIP }: Frame): Chain {
  const strange: Match = { type: 'in', fields: ['saddr'], set: names.podRanges, not: true }
  const dns = dnsIP === undefined ? [] : [is('daddr', dnsIP), is('proto', 'tcp', 'udp'), is('dport', '53')]
  return {
    name: 'services',
    rules: [
      ...(dnsIP === undefined
        ? []
        : [rule(dns, { type: 'translate' as const, to: [{ ip: dnsIP, port: names.dnsPort }] })]),
      // The answer must come back through here, or its sender would not be known.
      rule([is('daddr', serviceCIDR), ...fromElsewhere(strange)], { type: 'mark', bit: names.masqueradeBit }),
      rule([], { type: 'lookup', fields: byAddress, map: names.serviceAddresses }),
      rule(toNode(dnsIP), { type: 'lookup', fields: byPort, map: names.serviceNodePorts }),
    ],
  }
}

function postrouting({ podCIDR }: Frame): readonly Rule[] {
  const hairpin: Match = { type: 'in', fields: ['saddr', 'daddr'], set: names.hairpins }
  const outside: Match = { type: 'in', fields: ['daddr'], set: names.podRanges, not: true }
  return [
    rule([{ type: 'marked', bit: names.masqueradeBit }], { type: 'masquerade' }),
    rule([{ type: 'connection', is: 'translated' }, hairpin], { type: 'masquerade' }),
    ...(podCIDR === undefined ? [] : [rule([is('saddr', podCIDR), outside], { type: 'masquerade' })]),
  ]
}

function refusals({ serviceCIDR, dnsIP }: Frame): readonly Chain[] {
  const unassigned = [is('daddr', serviceCIDR), ...(dnsIP === undefined ? [] : [isNot('daddr', dnsIP)])]
  // The address stands on this machine: by it, all that listens here could be reached by whoever may reach services.
  const other =
    dnsIP === undefined
      ? []
      : [rule([is('daddr', dnsIP), is('proto', 'tcp', 'udp'), isNot('dport', String(names.dnsPort))], goto('refuse'))]
  return [
    {
      name: 'refuse',
      rules: [
        // Unlike ICMP errors, resets are not limited to some a second.
        rule([is('proto', 'tcp')], { type: 'refuse', how: 'reset' }),
        rule([], { type: 'refuse', how: 'unreachable' }),
      ],
    },
    {
      name: 'refusals',
      rules: [
        rule([], { type: 'lookup', fields: byAddress, map: names.refusedAddresses }),
        rule(toNode(dnsIP), { type: 'lookup', fields: byPort, map: names.refusedNodePorts }),
        ...other,
        rule(unassigned, goto('refuse')),
      ],
    },
  ]
}

/** DNS is for this node and its pods: it must not serve, or be made to flood, anybody else. */
const dnsGuard = ({ dnsIP, podCIDR }: Frame): readonly Rule[] =>
  dnsIP === undefined
    ? []
    : [
        rule(
          [
            is('daddr', dnsIP),
            ...(podCIDR === undefined ? [] : [isNot('saddr', podCIDR)]),
            { type: 'local', field: 'saddr', not: true },
          ],
          { type: 'drop' },
        ),
      ]

/** Packets that no pod and no neighbour sends in good faith: rules know senders by their addresses. */
function foreign({ podCIDR, podInterfaces }: Frame): readonly Rule[] {
  const fromPod = is('iif', podInterfaces)
  const never: readonly (readonly Match[])[] = [
    [fromPod, { type: 'spoofed' }],
    // The kernel knows no way back to nobody, and lets it speak to all at once.
    [fromPod, is('saddr', '0.0.0.0/8')],
    // For ports of the host the kernel is told to take even loopback from a pod's link.
    [fromPod, is('daddr', '127.0.0.0/8')],
    ...(podCIDR === undefined ? [] : [[is('saddr', podCIDR), { type: 'spoofed' } as const]]),
  ]
  return never.map(matches => rule(matches, { type: 'drop' }))
}

export function frameChains(frame: Frame): readonly Chain[] {
  const { podCIDR } = frame
  const refuse = rule([fresh], jump('refusals'))
  // The kernel passes what it cannot track untranslated: a pod's reset would reach a stranger.
  const invalid =
    podCIDR === undefined ? [] : [rule([is('saddr', podCIDR), { type: 'connection', is: 'invalid' }], { type: 'drop' })]
  const filter = (hook: 'input' | 'forward' | 'output', rules: readonly Rule[]): Chain => ({
    name: `filter-${hook}`,
    hook: { type: 'filter', hook, priority: 0 },
    rules,
  })
  return [
    {
      name: 'raw-prerouting',
      hook: { type: 'filter', hook: 'prerouting', priority: -300 },
      rules: foreign(frame),
    },
    {
      name: 'nat-prerouting',
      hook: { type: 'nat', hook: 'prerouting', priority: -100 },
      rules: [rule([], goto('services'))],
    },
    {
      name: 'nat-output',
      hook: { type: 'nat', hook: 'output', priority: -100 },
      rules: [rule([], goto('services'))],
    },
    {
      name: 'nat-postrouting',
      hook: { type: 'nat', hook: 'postrouting', priority: 100 },
      rules: postrouting(frame),
    },
    filter('input', [...dnsGuard(frame), refuse]),
    filter('forward', [...invalid, refuse]),
    filter('output', [refuse]),
    servicesChain(frame),
    ...refusals(frame),
  ]
}

/** Where two services claim an element, the one that comes first in key order has it. */
function elements(entries: Iterable<readonly Entry[]>, taken: ReadonlySet<string> = new Set()): Map<string, string> {
  const all = new Map<string, string>()
  for (const list of entries)
    for (const [key, verdict] of list) if (!all.has(key) && !taken.has(key)) all.set(key, verdict)
  return all
}

const map = (name: string, fields: NamedSet['fields'], all: ReadonlyMap<string, string>): NamedSet => ({
  name,
  type: 'map',
  fields,
  elements: all,
})

function frameSets({ podRanges }: Frame, services: readonly ServiceRules[]): readonly NamedSet[] {
  const open = elements(services.map(one => one.addresses))
  const ports = elements(services.map(one => one.nodePorts))
  const refused = elements(
    services.map(one => one.refusedAddresses),
    new Set(open.keys()),
  )
  const refusedPorts = elements(
    services.map(one => one.refusedNodePorts),
    new Set(ports.keys()),
  )
  const self = new Map(services.flatMap(one => one.hairpins.map(pair => [pair, ''] as const)))
  return [
    map(names.serviceAddresses, byAddress, open),
    map(names.serviceNodePorts, byPort, ports),
    map(names.refusedAddresses, byAddress, refused),
    map(names.refusedNodePorts, byPort, refusedPorts),
    { name: names.hairpins, type: 'set', fields: ['saddr', 'daddr'], elements: self },
    {
      name: names.podRanges,
      type: 'set',
      fields: ['saddr'],
      interval: true,
      elements: new Map(podRanges.map(range => [range, ''])),
    },
  ]
}

/** @param services in key order */
export const frameFragment = (frame: Frame, services: readonly ServiceRules[]): Fragment => ({
  chains: frameChains(frame),
  sets: frameSets(frame, services),
})

/** For each address or node port of a UDP service, the endpoints that its flows may have. */
export function flowsOf(services: readonly ServiceRules[]): ReadonlyMap<string, ReadonlySet<string>> {
  const all = new Map<string, ReadonlySet<string>>()
  for (const { flows } of services) for (const [key, ends] of flows) if (!all.has(key)) all.set(key, ends)
  return all
}
