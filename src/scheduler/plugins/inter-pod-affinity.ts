import { explainAffinity } from '../explain/inter-pod-affinity.ts'
import { type Filter, type Plugin, type Scorer, refuse } from '../plugin.ts'
import type { NodeInfo, PodInfo, Snapshot } from '../snapshot.ts'
import { type Term, termMatches } from '../terms.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'

const notNear = refuse("node(s) didn't match pod affinity rules", true)
const notApart = refuse("node(s) didn't match pod anti-affinity rules", false)
const unwanted = refuse("node(s) didn't satisfy existing pods anti-affinity rules", false)

/** Counts by topology key and value. */
class Counts {
  readonly #counts = new Map<string, Map<string, number>>()
  size = 0
  add(node: NodeInfo, key: string, by: number): void {
    const value = valueOf(node, key)
    if (value === undefined) return
    const values = this.#counts.get(key) ?? new Map<string, number>()
    this.#counts.set(key, values.set(value, (values.get(value) ?? 0) + by))
    this.size++
  }
  at(node: NodeInfo, key: string): number {
    const value = valueOf(node, key)
    return value === undefined ? 0 : (this.#counts.get(key)?.get(value) ?? 0)
  }
  /** Over every key that was counted. */
  total(node: NodeInfo): number {
    let sum = 0
    for (const key of this.#counts.keys()) sum += this.at(node, key)
    return sum
  }
}

function valueOf({ node }: NodeInfo, key: string): string | undefined {
  const { labels } = node.metadata
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
}

const likenesses = new WeakMap<Pod, string>()

/** Equal of pods that no term tells apart. */
function likeness(pod: Pod): string {
  const had = likenesses.get(pod)
  if (had !== undefined) return had
  const text = JSON.stringify([pod.metadata.namespace, pod.metadata.labels])
  likenesses.set(pod, text)
  return text
}

/** Fewer terms are asked sooner than a pod of its sort is looked up. */
const manyTerms = 8

/**
 * Asks once about pods that are alike: a cluster has few sorts of them, and whoever writes a pod may give it thousands of
 * terms.
 */
function once<T>(terms: number, ask: (other: Pod) => T): (other: Pod) => T {
  if (terms < manyTerms) return ask
  const answers = new Map<string, T>()
  return other => {
    const key = likeness(other)
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = ask(other)
    answers.set(key, answer)
    return answer
  }
}

const keysOf = (terms: readonly Term[]): readonly string[] => [...new Set(terms.map(term => term.topologyKey))]

function filter(info: PodInfo, snapshot: Snapshot): Filter | undefined {
  const { pod, terms } = info
  const match = (term: Term, other: Pod): boolean => termMatches(term, other, snapshot.namespaceLabels)
  const repelled = new Counts()
  for (const node of snapshot.affine)
    for (const other of node.affine)
      for (const term of other.terms.antiAffinity)
        if (termMatches(term, pod, snapshot.namespaceLabels)) repelled.add(node, term.topologyKey, 1)
  const apart = new Counts()
  const near = new Counts()
  // That there is any at all is what is asked for below: each key counts once.
  const met = once(terms.affinity.length + terms.antiAffinity.length, other => ({
    apart: keysOf(terms.antiAffinity.filter(term => match(term, other))),
    near: terms.affinity.every(term => match(term, other)) ? keysOf(terms.affinity) : [],
  }))
  if (terms.affinity.length + terms.antiAffinity.length > 0)
    for (const node of snapshot.nodes)
      for (const other of node.pods.values()) {
        const found = met(other.pod)
        for (const key of found.apart) apart.add(node, key, 1)
        for (const key of found.near) near.add(node, key, 1)
      }
  if (repelled.size === 0 && apart.size === 0 && terms.affinity.length === 0) return undefined
  // The first of a group that wants to be together has nobody to join: it may go anywhere that has the label.
  const first = near.size === 0 && terms.affinity.every(term => match(term, pod))
  return node => {
    const joins = (term: Term): boolean =>
      near.at(node, term.topologyKey) > 0 || (first && valueOf(node, term.topologyKey) !== undefined)
    if (!terms.affinity.every(joins)) return notNear
    if (terms.antiAffinity.some(term => apart.at(node, term.topologyKey) > 0)) return notApart
    return repelled.total(node) > 0 ? unwanted : undefined
  }
}

/** What required affinity of others weighs when it comes to preferences. */
const hardWeight = 1

function score(info: PodInfo, snapshot: Snapshot): Scorer | undefined {
  const { pod, terms } = info
  const sums = new Counts()
  const own = terms.preferred
  const weights = once(own.length, other => {
    const sums = new Map<string, number>()
    for (const term of own)
      if (termMatches(term, other, snapshot.namespaceLabels))
        sums.set(term.topologyKey, (sums.get(term.topologyKey) ?? 0) + term.weight)
    return sums
  })
  const nodes = own.length > 0 ? snapshot.nodes : snapshot.affine
  for (const node of nodes)
    for (const other of own.length > 0 ? node.pods.values() : node.affine) {
      for (const [key, weight] of weights(other.pod)) sums.add(node, key, weight)
      for (const term of other.terms.preferred)
        if (termMatches(term, pod, snapshot.namespaceLabels)) sums.add(node, term.topologyKey, term.weight)
      for (const term of other.terms.affinity)
        if (termMatches(term, pod, snapshot.namespaceLabels)) sums.add(node, term.topologyKey, hardWeight)
    }
  return sums.size === 0 ? undefined : { rank: 'between', score: node => sums.total(node) }
}

export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  weight: 2,
  wakes: ['node', 'pod gone', 'pod placed', 'pod labels', 'namespace'],
  filter,
  explain: explainAffinity({ notNear, notApart, unwanted }),
  score,
}
