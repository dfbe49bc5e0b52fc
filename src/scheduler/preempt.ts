/** Makes room for a pod by ending less important ones, as few and as unimportant as possible. */
import type { Plugin } from './plugin.ts'
import { type Unplaced, fits, prepare } from './place.ts'
import type { Cluster, NodeInfo, PodInfo } from './snapshot.ts'

export interface Preemption {
  readonly node: string
  readonly victims: readonly PodInfo[]
}

/** Nodes tried at most. */
const most = 100

const startOf = ({ pod }: PodInfo): string => pod.status?.startTime ?? pod.metadata.creationTimestamp ?? ''

/** More important first; of equals the one that runs longer. */
const byImportance = (a: PodInfo, b: PodInfo): number => b.priority - a.priority || (startOf(a) < startOf(b) ? -1 : 1)

/** The victims on one node; undefined when the pod would not fit even without them. The cluster is left as it was. */
function victimsOn(pod: PodInfo, node: NodeInfo, { cluster, plugins }: Where): readonly PodInfo[] | undefined {
  const lesser = [...node.pods.values()].filter(one => one.priority < pod.priority)
  if (lesser.length === 0) return undefined
  const fitsNow = (): boolean => fits(prepare(pod, cluster, plugins), node)
  const gone = new Set(lesser)
  for (const one of lesser) cluster.removePod(one.key)
  try {
    if (!fitsNow()) return undefined
    for (const one of lesser.toSorted(byImportance)) {
      cluster.setPod(one, node.name)
      if (fitsNow()) gone.delete(one)
      else cluster.removePod(one.key)
    }
    return [...gone]
  } finally {
    for (const one of gone) cluster.setPod(one, node.name)
  }
}

interface Where {
  readonly cluster: Cluster
  readonly plugins: readonly Plugin[]
}

const highest = ({ victims }: Preemption): number => Math.max(...victims.map(one => one.priority))
const sum = ({ victims }: Preemption): number => victims.reduce((total, one) => total + one.priority + 2 ** 31, 0)

export interface Attempt {
  readonly preemption: Preemption | undefined
  /** Appended to the message of the refusal. */
  readonly message: string
}

export function preempt(pod: PodInfo, refused: Unplaced, where: Where): Attempt {
  const all = refused.nodes
  const say = (list: string): string => ` preemption: 0/${all} nodes are available: ${list}.`
  if (all === 0) return { preemption: undefined, message: '' }
  if (pod.pod.spec.preemptionPolicy === 'Never')
    return { preemption: undefined, message: ` preemption: not eligible due to preemptionPolicy=Never.` }
  if (leaving(pod, where.cluster))
    return {
      preemption: undefined,
      message: ` preemption: not eligible due to a terminating pod on the nominated node.`,
    }
  const found: Preemption[] = []
  for (const node of refused.candidates) {
    const victims = victimsOn(pod, node, where)
    if (victims !== undefined && victims.length > 0) found.push({ node: node.name, victims })
    if (found.length === most) break
  }
  const best = found.sort(
    (a, b) => highest(a) - highest(b) || sum(a) - sum(b) || a.victims.length - b.victims.length,
  )[0]
  if (best !== undefined) return { preemption: best, message: '' }
  const helpless = all - refused.candidates.length
  const parts = [
    ...(refused.candidates.length === 0
      ? []
      : [`${refused.candidates.length} No preemption victims found for incoming pod`]),
    ...(helpless === 0 ? [] : [`${helpless} Preemption is not helpful for scheduling`]),
  ]
  return { preemption: undefined, message: say(parts.join(', ')) }
}

/** Victims of an earlier preemption are still on their way out. */
function leaving({ pod, priority }: PodInfo, cluster: Cluster): boolean {
  const node = cluster.node(pod.status?.nominatedNodeName ?? '')
  if (node === undefined) return false
  return [...node.pods.values()].some(
    one => one.priority < priority && one.pod.metadata.deletionTimestamp !== undefined,
  )
}
