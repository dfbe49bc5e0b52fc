/** Where a pod goes: filters out nodes that will not do, scores the rest, takes the best. */
import type { Filter, Plugin, Scorer } from './plugin.ts'
import type { NodeInfo, PodInfo, Snapshot } from './snapshot.ts'

export interface Unplaced {
  readonly placed: false
  /** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
  readonly message: string
  /** Names of the plugins that refused a node. */
  readonly plugins: ReadonlySet<string>
  /** Nodes on which removing pods might help. */
  readonly candidates: readonly NodeInfo[]
  readonly nodes: number
}

export type Decision = { readonly placed: true; readonly node: string; readonly next: number } | Unplaced

export interface PlaceOptions {
  readonly plugins: readonly Plugin[]
  /** 0 ≤ x < 1; breaks ties. */
  readonly random: () => number
  /** Index of the node to begin with: all of them get their turn though not all are looked at. */
  readonly start?: number
}

const enough = 100

/** How many fitting nodes are looked for before the best of them is taken. */
function wantedNodes(all: number): number {
  if (all < enough) return all
  const percent = Math.max(5, 50 - Math.floor(all / 125))
  return Math.max(enough, Math.floor((all * percent) / 100))
}

interface Prepared {
  readonly plugin: Plugin
  readonly filter: Filter
}

export const prepare = (pod: PodInfo, snapshot: Snapshot, plugins: readonly Plugin[]): readonly Prepared[] =>
  plugins.flatMap(plugin => {
    const filter = plugin.filter?.(pod, snapshot)
    return filter === undefined ? [] : [{ plugin, filter }]
  })

export function place(pod: PodInfo, snapshot: Snapshot, options: PlaceOptions): Decision {
  const { nodes } = snapshot
  const filters = prepare(pod, snapshot, options.plugins)
  const wanted = wantedNodes(nodes.length)
  const start = nodes.length === 0 ? 0 : (options.start ?? 0) % nodes.length
  const fitting: NodeInfo[] = []
  const refusals = new Refusals()
  let seen = 0
  for (; seen < nodes.length && fitting.length < wanted; seen++) {
    const node = nodes[(start + seen) % nodes.length]
    if (node === undefined) break
    const refused = firstRefusal(filters, node)
    if (refused === undefined) fitting.push(node)
    else refusals.note(node, refused)
  }
  if (fitting.length === 0) return refusals.decision(nodes.length)
  const node = best(pod, { snapshot, fitting, options })
  return { placed: true, node: node.name, next: (start + seen) % nodes.length }
}

interface Refused {
  readonly plugin: Plugin
  readonly reasons: readonly string[]
  readonly final: boolean
}

function firstRefusal(filters: readonly Prepared[], node: NodeInfo): Refused | undefined {
  for (const { plugin, filter } of filters) {
    const refusal = filter(node)
    if (refusal !== undefined) return { plugin, ...refusal }
  }
  return undefined
}

export const fits = (filters: readonly Prepared[], node: NodeInfo): boolean => firstRefusal(filters, node) === undefined

class Refusals {
  readonly #reasons = new Map<string, number>()
  readonly #plugins = new Set<string>()
  readonly #candidates: NodeInfo[] = []
  note(node: NodeInfo, { plugin, reasons, final }: Refused): void {
    this.#plugins.add(plugin.name)
    for (const reason of reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    if (!final) this.#candidates.push(node)
  }
  decision(nodes: number): Unplaced {
    const list = [...this.#reasons].map(([reason, count]) => `${count} ${reason}`).sort((a, b) => (a < b ? -1 : 1))
    const reasons = list.length === 0 ? '' : ` ${list.join(', ')}.`
    const message = nodes === 0 ? 'no nodes available to schedule pods' : `0/${nodes} nodes are available:${reasons}`
    return { placed: false, message, plugins: this.#plugins, candidates: this.#candidates, nodes }
  }
}

interface Choice {
  readonly snapshot: Snapshot
  readonly fitting: readonly NodeInfo[]
  readonly options: PlaceOptions
}

function best(pod: PodInfo, { snapshot, fitting, options }: Choice): NodeInfo {
  const [only] = fitting
  if (only !== undefined && fitting.length === 1) return only
  const totals = new Float64Array(fitting.length)
  for (const plugin of options.plugins) {
    const scorer = plugin.score?.(pod, snapshot)
    if (scorer === undefined) continue
    const ranks = rank(fitting.map(scorer.score), scorer.rank)
    const weight = plugin.weight ?? 1
    for (let at = 0; at < totals.length; at++) totals[at] = (totals[at] ?? 0) + (ranks[at] ?? 0) * weight
  }
  const highest = totals.reduce((a, b) => Math.max(a, b), -Infinity)
  const equals = fitting.filter((_, index) => totals[index] === highest)
  const chosen = equals[Math.floor(options.random() * equals.length)] ?? only
  if (chosen === undefined) throw new Error('no node fits')
  return chosen
}

function rank(scores: readonly number[], how: Scorer['rank']): readonly number[] {
  if (how === 'as is') return scores
  let [most, least] = [-Infinity, Infinity]
  for (const score of scores) {
    if (score > most) most = score
    if (score < least) least = score
  }
  switch (how) {
    case 'most is best':
      return scores.map(score => (most === 0 ? 0 : Math.floor((score * 100) / most)))
    case 'least is best':
      return scores.map(score => (most === 0 ? 100 : Math.floor(((most + least - score) * 100) / most)))
    case 'between':
      return scores.map(score => (most === least ? 0 : Math.floor(((score - least) * 100) / (most - least))))
  }
}
