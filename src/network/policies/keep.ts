/** Policies, pods and namespaces of the cluster, followed; and what of them this node has to write. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { keyOf } from '#api/metadata.ts'
import type { Change, Reader } from '#api/reader.ts'
import { type Labels, matches } from '#api/selector.ts'
import { typed } from '#client/client.ts'
import { type Contact, contactOf } from '#kinds/facts/contact.ts'
import { namespaces, networkPolicies, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { NetworkPolicy } from '#kinds/facts/generated/types/networking_v1.ts'
import type { Chain, Fragment, NamedSet } from '../ruleset.ts'
import { Claims } from './claims.ts'
import { type Direction, type PolicyRules, compilePolicy, isolates, rulesOf } from './compile.ts'
import { allows } from './evaluate.ts'
import { type ContactAnswer, contactText, explainContact } from './explain.ts'
import { Members, type Membership } from './members.ts'
import { answerName } from './names.ts'
import type { RefusedFlow } from './refusals.ts'
import { type PodView } from './pods.ts'
import { type Place, type Subject, policyTable } from './table.ts'

interface Known {
  readonly policy: NetworkPolicy
  readonly rules: PolicyRules
}

interface Surroundings {
  /** Policies by namespace. */
  readonly near: ReadonlyMap<string, readonly Known[]>
  readonly asking: (policy: Known) => readonly string[]
}

/** Cluster DNS of the node as rules know it: as the pods that usually serve it. */
const dnsPod = (address: string): PodView => ({
  key: 'kube-system/kube-dns',
  uid: '',
  namespace: 'kube-system',
  labels: { 'k8s-app': 'kube-dns' },
  address,
  here: true,
  sure: true,
  ports: [
    { name: 'dns', proto: 'udp', port: 53 },
    { name: 'dns-tcp', proto: 'tcp', port: 53 },
  ],
})

const setsOf = (chains: readonly Chain[]): ReadonlySet<string> =>
  new Set(
    chains.flatMap(({ rules }) =>
      rules.flatMap(({ matches: all }) => all.flatMap(match => (match.type === 'in' ? [match.set] : []))),
    ),
  )

/** A flow that the policies of a pod of this node refuse. */
export interface Refusal {
  readonly contact: Contact
  readonly pod: Pod
  /** For whoever may read in the pod's namespace: who has an address elsewhere is not theirs to know. */
  readonly told: string
  /** Who sends, where that is a pod. */
  readonly sender?: Pod
  readonly answer: ContactAnswer
}

export interface PolicyParts {
  readonly reader: Reader
  readonly nodeName: string
  /** Something has changed; ask again. */
  readonly changed: () => void
}

export class Policies {
  readonly #parts: PolicyParts
  readonly #policies = new Map<string, Known>()
  readonly #claims: Claims
  readonly #members: Members
  readonly #ends: (() => void)[] = []
  #ranges: ReadonlyMap<string, string> = new Map()
  #place = ''
  #fragments: readonly Fragment[] | undefined

  constructor(parts: PolicyParts) {
    this.#parts = parts
    this.#members = new Members(name => this.#labels(name))
    this.#claims = new Claims({
      nodeName: parts.nodeName,
      kept: key => parts.reader.get(pods, key),
      range: node => this.#ranges.get(node),
      assigned: (address, owner) => this.#members.assign(address, owner),
    })
  }

  async start(): Promise<void> {
    const { reader } = this.#parts
    await reader.require([networkPolicies, pods, namespaces, nodes])
    this.#ends.push(
      reader.subscribe(nodes, () => this.#readNodes()),
      reader.subscribe(namespaces, changes => this.#readNamespaces(changes)),
      reader.subscribe(networkPolicies, changes => this.#readPolicies(changes)),
      reader.subscribe(pods, changes => this.#readPods(changes)),
    )
  }

  stop(): void {
    for (const end of this.#ends) end()
  }

  /** The runtime has given the pod these addresses: true before the API shows the pod here, and whatever it shows. */
  give(pod: Pod, addresses: readonly string[]): void {
    if (this.#claims.give(pod, addresses)) this.#touch()
  }

  /** The same fragments as long as nothing changes. */
  fragments(place: Place): readonly Fragment[] {
    const text = JSON.stringify(place)
    if (text !== this.#place) this.#fragments = undefined
    this.#place = text
    this.#fragments ??= this.#compile(place)
    return this.#fragments
  }

  /** Whether this node has pods at all: nobody else is refused anything. */
  populated(): boolean {
    return this.#claims.here().length > 0
  }

  /** Whose policies refuse the flow, as far as it is known: its sender is judged first. */
  refusedBy({ src, dst, proto, port }: RefusedFlow): Refusal | undefined {
    const sides = [
      { about: src, peer: dst, direction: 'out' },
      { about: dst, peer: src, direction: 'in' },
    ] as const
    for (const { about, peer, direction } of sides) {
      const subject = this.#claims.whose(about)
      if (subject === undefined || !subject.view.here) continue
      const contact = contactOf(subject.view.uid, { direction, peer, proto, port })
      const other = this.#claims.whose(peer)
      const world = {
        pod: subject.view,
        ...(other !== undefined && { peer: other.view }),
        labels: (name: string) => this.#labels(name),
        policies: [...this.#policies.values()].map(one => one.policy),
      }
      const answer = explainContact(contact, world)
      if (answer.allowedNow) continue
      const sender = (direction === 'in' ? other : subject)?.pod
      const near = other?.view.namespace === subject.view.namespace ? other.view : undefined
      const told = contactText(contact, subject.view, near)
      return { contact, pod: subject.pod, told, answer, ...(sender !== undefined && { sender }) }
    }
    return undefined
  }

  #labels(namespace: string): Labels {
    return this.#parts.reader.get(namespaces, namespace)?.metadata.labels
  }

  #touch(): void {
    this.#fragments = undefined
    this.#parts.changed()
  }

  #readNodes(): void {
    const all = this.#parts.reader.list(nodes)
    const ranges = new Map(
      all.flatMap(({ metadata, spec }) => (spec.podCIDR ? [[metadata.name ?? '', spec.podCIDR]] : [])),
    )
    if (JSON.stringify([...ranges]) === JSON.stringify([...this.#ranges])) return
    this.#ranges = ranges
    for (const pod of this.#parts.reader.list(pods)) this.#look(keyOf(pod))
  }

  #readNamespaces(changes: readonly Change[]): void {
    for (const { key, object, previous } of changes) {
      if (JSON.stringify(object.metadata.labels) === JSON.stringify(previous?.metadata.labels)) continue
      this.#members.relabel(key)
      this.#touch()
    }
  }

  #readPolicies(changes: readonly Change[]): void {
    for (const { type, key, object } of changes) {
      const policy = typed(networkPolicies, object)
      if (type === 'delete') this.#policies.delete(key)
      else this.#policies.set(key, { policy, rules: compilePolicy(policy) })
    }
    const memberships = [...this.#policies.values()].flatMap(one => one.rules.memberships)
    this.#members.want(new Map<string, Membership>(memberships.map(one => [one.name, one])).values())
    this.#touch()
  }

  #readPods(changes: readonly Change[]): void {
    for (const { type, key, object } of changes) {
      const pod = typed(pods, object)
      if (type === 'delete' || isTerminal(pod)) this.#claims.release(object.metadata.uid ?? '')
      this.#look(key, pod)
    }
  }

  #look(key: string, last?: Pod): void {
    if (this.#claims.look(key, last)) this.#touch()
  }

  #compile(place: Place): readonly Fragment[] {
    const policies = [...this.#policies.values()]
    const near = Map.groupBy(policies, one => one.policy.metadata.namespace ?? '')
    const asking = this.#asking(place)
    const subjects = this.#claims.here().map(address => this.#subject(address, { near, asking }))
    const judging = subjects.flatMap(({ chains }) => [...(chains.in ?? []), ...(chains.out ?? [])])
    const used = new Set([...judging, ...judging.map(answerName)])
    const chains = policies
      .flatMap(({ rules }) => [...Object.values(rules.chains), ...rules.answers])
      .filter(chain => used.has(chain.name))
    const asked = setsOf(chains)
    const sets = new Map<string, NamedSet>()
    for (const one of [...policies.flatMap(({ rules }) => rules.sets), ...this.#members.sets()])
      if (asked.has(one.name)) sets.set(one.name, one)
    return [policyTable(place, subjects), { chains, sets: [...sets.values()] }]
  }

  #subject(address: string, { near, asking }: Surroundings): Subject {
    const own = new Set(
      this.#claims
        .owners(address)
        .flatMap(({ namespace, labels }) =>
          (near.get(namespace) ?? []).filter(({ rules }) => rules.pods !== undefined && matches(rules.pods, labels)),
        ),
    )
    const chains = (direction: Direction): readonly string[] =>
      [...own].flatMap(({ rules }) => rules.chains[direction]?.name ?? []).sort()
    const [received, sent] = [chains('in'), chains('out')]
    return {
      address,
      chains: { ...(received.length > 0 && { in: received }), ...(sent.length > 0 && { out: sent }) },
      dns: sent.length === 0 ? [] : [...new Set([...own].flatMap(asking))].sort(),
    }
  }

  /** In which protocols a policy lets its pods ask the node's DNS. */
  #asking({ dnsIP }: Place): Surroundings['asking'] {
    if (dnsIP === undefined) return () => []
    const target = dnsPod(dnsIP)
    const contact = { address: dnsIP, pod: target, namespace: this.#labels(target.namespace), port: 53, target }
    const known = new Map<Known, readonly string[]>()
    return one => {
      const { metadata } = one.policy
      const protocols =
        known.get(one) ??
        (isolates(one.policy, 'out') ? ['tcp', 'udp'] : []).filter(proto =>
          rulesOf(one.policy, 'out').some(rule => allows(rule, metadata.namespace ?? '', { ...contact, proto })),
        )
      known.set(one, protocols)
      return protocols
    }
  }
}
