import { explainAffinity } from '../explain/inter-pod-affinity.ts'
import { type Filter, type Plugin, type Scorer, refuse } from '../plugin.ts'
import type { NodeInfo, PodInfo, Snapshot } from '../snapshot.ts'
import { type Term, termMatches } from '../terms.ts'

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

function filter(info: PodInfo, snapshot: Snapshot): Filter | undefined {
  const { pod, terms } = info
  const match = (term: Term, other: PodInfo): boolean => termMatches(term, other.pod, snapshot.namespaceLabels)
  const repelled = new Counts()
  for (const node of snapshot.affine)
    for (const other of node.affine)
      for (const term of other.terms.antiAffinity)
        if (termMatches(term, pod, snapshot.namespaceLabels)) repelled.add(node, term.topologyKey, 1)
  const apart = new Counts()
  const near = new Counts()
  if (terms.affinity.length + terms.antiAffinity.length > 0)
    for (const node of snapshot.nodes)
      for (const other of node.pods.values()) {
        for (const term of terms.antiAffinity) if (match(term, other)) apart.add(node, term.topologyKey, 1)
        if (terms.affinity.length > 0 && terms.affinity.every(term => match(term, other)))
          for (const term of terms.affinity) near.add(node, term.topologyKey, 1)
      }
  if (repelled.size === 0 && apart.size === 0 && terms.affinity.length === 0) return undefined
  // The first of a group that wants to be together has nobody to join: it may go anywhere that has the label.
  const first = near.size === 0 && terms.affinity.every(term => match(term, info))
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
  const nodes = own.length > 0 ? snapshot.nodes : snapshot.affine
  for (const node of nodes)
    for (const other of own.length > 0 ? node.pods.values() : node.affine) {
      for (const term of own)
        if (termMatches(term, other.pod, snapshot.namespaceLabels)) sums.add(node, term.topologyKey, term.weight)
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
