/** Sets of pods' addresses that follow labels: each selector is asked once for a pod that has changed, not for all pods. */
import { type Labels, type Selector, matches } from '#api/selector.ts'
import { type Field, type NamedSet, joined } from '../ruleset.ts'
import type { PodView } from './pods.ts'

/** What a set holds of a pod: elements, or none. */
export interface Membership {
  /** Of the set. */
  readonly name: string
  readonly fields: readonly Field[]
  readonly of: (pod: PodView, namespace: Labels) => readonly string[]
}

/** Which pods: of one namespace, or of those that the selector finds. */
export interface PodSelection {
  readonly namespace: string | Selector
  readonly pods: Selector
}

const inNamespace = ({ namespace }: PodSelection, pod: PodView, labels: Labels): boolean =>
  typeof namespace === 'string' ? pod.namespace === namespace : matches(namespace, labels)

/** Addresses of pods that any of the selections finds; sources and destinations are asked for in the same set. */
export const podsOf = (name: string, selections: readonly PodSelection[]): Membership => ({
  name,
  fields: ['saddr'],
  of: (pod, labels) =>
    selections.some(one => inNamespace(one, pod, labels) && matches(one.pods, pod.labels)) ? [pod.address] : [],
})

/** Where pods have ports of these names. @param ports `tcp/http` */
export const portsNamed = (name: string, ports: ReadonlySet<string>): Membership => ({
  name,
  fields: ['daddr', 'proto', 'dport'],
  of: pod =>
    pod.ports.filter(one => ports.has(`${one.proto}/${one.name}`)).map(one => joined(pod.address, one.proto, one.port)),
})

class Kept {
  readonly membership: Membership
  /** Elements by the address of their pod. */
  readonly #elements = new Map<string, readonly string[]>()
  #set: NamedSet | undefined

  constructor(membership: Membership) {
    this.membership = membership
  }

  assign(address: string, pod: PodView | undefined, namespace: Labels): void {
    const before = this.#elements.get(address)
    const now = pod === undefined ? [] : this.membership.of(pod, namespace)
    if ((before ?? []).join() === now.join()) return
    this.#set = undefined
    if (now.length === 0) this.#elements.delete(address)
    else this.#elements.set(address, now)
  }

  /** The same value as long as nothing changes. */
  set(): NamedSet {
    const { name, fields } = this.membership
    this.#set ??= {
      name,
      type: 'set',
      fields,
      elements: new Map([...this.#elements.values()].flat().map(element => [element, ''])),
    }
    return this.#set
  }
}

export class Members {
  readonly #kept = new Map<string, Kept>()
  /** The pod that has an address, where that is beyond doubt. */
  readonly #pods = new Map<string, PodView>()
  readonly #namespace: (name: string) => Labels

  /** @param namespace labels of a namespace */
  constructor(namespace: (name: string) => Labels) {
    this.#namespace = namespace
  }

  /** Keeps these sets and no others. */
  want(all: Iterable<Membership>): void {
    const wanted = new Map([...all].map(one => [one.name, one]))
    for (const name of this.#kept.keys()) if (!wanted.has(name)) this.#kept.delete(name)
    for (const [name, membership] of wanted) {
      if (this.#kept.has(name)) continue
      const kept = new Kept(membership)
      for (const [address, pod] of this.#pods) kept.assign(address, pod, this.#namespace(pod.namespace))
      this.#kept.set(name, kept)
    }
  }

  assign(address: string, pod: PodView | undefined): void {
    if (pod === undefined) this.#pods.delete(address)
    else this.#pods.set(address, pod)
    const labels = pod === undefined ? undefined : this.#namespace(pod.namespace)
    for (const kept of this.#kept.values()) kept.assign(address, pod, labels)
  }

  /** The labels of the namespace have changed. */
  relabel(namespace: string): void {
    for (const [address, pod] of this.#pods) if (pod.namespace === namespace) this.assign(address, pod)
  }

  sets(): readonly NamedSet[] {
    return [...this.#kept.values()].map(one => one.set())
  }
}
