/** Why policies refuse a contact, as they are now, and the least change that would let it through. */
import { keyOf } from '#api/metadata.ts'
import { type Labels, selects } from '#api/selector.ts'
import type { Contact } from '#kinds/facts/contact.ts'
import type { NetworkPolicy } from '#kinds/facts/generated/types/networking_v1.ts'
import { type DirectedRule, type Direction, isolates, rulesOf } from './compile.ts'
import { type Contact as Met, allows } from './evaluate.ts'
import { isMetadata } from './metadata.ts'
import type { PodView } from './pods.ts'

export interface ContactWorld {
  /** Whose policies are asked. */
  readonly pod: PodView
  /** Whose address the other side is, where it is a pod's. */
  readonly peer?: PodView
  readonly labels: (namespace: string) => Labels
  readonly policies: readonly NetworkPolicy[]
}

export interface ContactAnswer {
  readonly allowedNow: boolean
  readonly message: string
  /** The policy that comes nearest to allowing it. */
  readonly policy?: NetworkPolicy
  readonly line?: string
  readonly fix?: string
}

const words = {
  in: { list: 'ingress', peers: 'from', verb: 'receives' },
  out: { list: 'egress', peers: 'to', verb: 'sends' },
} as const

const opposite = { in: 'out', out: 'in' } as const

const called = ({ peer: address }: Contact, peer: PodView | undefined): string =>
  peer === undefined ? address : `${peer.key} (${address})`

/** What the contact is, from where to where. */
export function contactText(contact: Contact, pod: PodView, peer?: PodView): string {
  const { direction, proto, port } = contact
  const [from, to] = direction === 'in' ? [called(contact, peer), pod.key] : [pod.key, called(contact, peer)]
  return `${proto} from ${from} to ${to} port ${port}`
}

/** Labels that a controller makes anew for each generation of pods select nothing for long. */
const passing = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
])

function peerEntry(contact: Contact, pod: PodView, peer: PodView | undefined): object {
  if (peer === undefined) return { ipBlock: { cidr: `${contact.peer}/32` } }
  const matchLabels = Object.fromEntries(Object.entries(peer.labels ?? {}).filter(([key]) => !passing.has(key)))
  const podSelector = Object.keys(matchLabels).length === 0 ? {} : { matchLabels }
  if (peer.namespace === pod.namespace) return { podSelector }
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': peer.namespace } }, podSelector }
}

const met = (contact: Contact, world: ContactWorld): Met => {
  const { direction, peer: address, proto, port } = contact
  const { pod, peer, labels } = world
  const target = direction === 'in' ? pod : peer
  return {
    address,
    proto,
    port,
    ...(peer !== undefined && { pod: peer, namespace: labels(peer.namespace) }),
    ...(target !== undefined && { target }),
  }
}

/** How much the selector of a policy asks for: what is added to one that asks for much is given to few. */
const asksFor = ({ spec: { podSelector } }: NetworkPolicy): number =>
  Object.keys(podSelector.matchLabels ?? {}).length + (podSelector.matchExpressions ?? []).length

/** Those of the fewest pods first. */
const isolating = (policies: readonly NetworkPolicy[], pod: PodView, direction: Direction): readonly NetworkPolicy[] =>
  policies
    .filter(
      one =>
        one.metadata.namespace === pod.namespace &&
        isolates(one, direction) &&
        selects(one.spec.podSelector, pod.labels),
    )
    .sort((a, b) => asksFor(b) - asksFor(a))

interface Near {
  readonly policy: NetworkPolicy
  readonly at: number
  readonly lacks: 'peers' | 'ports'
}

/** A rule of which one half fits already; one that has the peer comes before one that has the port. */
function nearest(policies: readonly NetworkPolicy[], direction: Direction, contact: Met): Near | undefined {
  const all = policies.flatMap(policy =>
    rulesOf(policy, direction).map((rule, at) => ({ policy, at, rule, own: policy.metadata.namespace ?? '' })),
  )
  const half = (part: Partial<DirectedRule>, lacks: Near['lacks']): Near | undefined => {
    const found = all.find(({ rule, own }) => allows({ ...rule, ...part }, own, contact))
    return found === undefined ? undefined : { policy: found.policy, at: found.at, lacks }
  }
  return half({ ports: [] }, 'ports') ?? half({ peers: [] }, 'peers')
}

function answerOf(
  contact: Contact,
  world: ContactWorld,
  policies: readonly NetworkPolicy[],
): Required<Pick<ContactAnswer, 'policy' | 'line' | 'fix'>> | undefined {
  const { direction, proto, port } = contact
  const { list, peers, verb } = words[direction]
  const near = nearest(policies, direction, met(contact, world))
  const policy = near?.policy ?? policies[0]
  if (policy === undefined) return undefined
  const ports = { protocol: proto.toUpperCase(), port }
  const entry = peerEntry(contact, world.pod, world.peer)
  const names = policies.map(one => one.metadata.name ?? '').join(', ')
  const line = `spec.podSelector selects the pod: what it ${verb} must be allowed by a rule of ${names}, and is by none`
  const fix =
    near === undefined
      ? `add to spec.${list} of NetworkPolicy ${keyOf(policy)}: ${JSON.stringify({ [peers]: [entry], ports: [ports] })}`
      : near.lacks === 'ports'
        ? `add to spec.${list}[${near.at}].ports of NetworkPolicy ${keyOf(policy)}: ${JSON.stringify(ports)}`
        : `add to spec.${list}[${near.at}].${peers} of NetworkPolicy ${keyOf(policy)}: ${JSON.stringify(entry)}`
  return { policy, line, fix }
}

/** The same contact from the other pod's side. */
function otherSide(contact: Contact, world: ContactWorld): string {
  const { pod, peer } = world
  if (peer === undefined) return ''
  const direction = opposite[contact.direction]
  const answer = judged({ ...contact, direction, peer: pod.address }, { ...world, pod: peer, peer: pod })
  return answer.allowedNow
    ? ''
    : `; then what ${peer.key} ${words[direction].verb} is refused as well: ${answer.fix ?? ''}`
}

function guarded({ peer, proto, port }: Contact, message: string): ContactAnswer {
  const rules = { to: [{ ipBlock: { cidr: `${peer}/32` } }], ports: [{ protocol: proto.toUpperCase(), port }] }
  return {
    allowedNow: false,
    message,
    line: `at ${peer} clouds give the machine's credentials to whoever asks: only a policy of its own lets a pod there`,
    fix: `make a NetworkPolicy that selects the pod, with policyTypes ["Egress"] and egress [${JSON.stringify(rules)}]; what else it sends must be allowed from then on as well`,
  }
}

function judged(contact: Contact, world: ContactWorld): ContactAnswer {
  const { direction } = contact
  const message = contactText(contact, world.pod, world.peer)
  const policies = isolating(world.policies, world.pod, direction)
  const own = met(contact, world)
  const allowed = policies.some(policy =>
    rulesOf(policy, direction).some(rule => allows(rule, policy.metadata.namespace ?? '', own)),
  )
  if (policies.length === 0 && direction === 'out' && isMetadata(contact.peer)) return guarded(contact, message)
  if (policies.length === 0 || allowed) return { allowedNow: true, message }
  return { allowedNow: false, message, ...answerOf(contact, world, policies) }
}

export function explainContact(contact: Contact, world: ContactWorld): ContactAnswer {
  const answer = judged(contact, world)
  const also = otherSide(contact, world)
  if (also === '' || answer.fix === undefined) return answer
  return { ...answer, fix: `${answer.fix}${also}` }
}
