import { type Amounts, add, noAmounts } from '../amounts.ts'
import { resourceObstacles } from '../explain/resources.ts'
import type { Plugin, Refusal } from '../plugin.ts'
import type { NodeInfo, PodInfo, Snapshot } from '../snapshot.ts'

/** What is taken on the node, with pods of at least this priority that wait there for room they have made. */
function taken(
  node: NodeInfo,
  waiting: readonly PodInfo[],
): { readonly amounts: Readonly<Amounts>; readonly pods: number } {
  const amounts = noAmounts()
  add(amounts, node.requested)
  for (const pod of waiting) add(amounts, pod.requests)
  return { amounts, pods: node.pods.size + waiting.length }
}

interface Room {
  readonly used: number
  readonly most: number
}

function lacking({ requests }: PodInfo, node: NodeInfo, waiting: readonly PodInfo[]): Refusal | undefined {
  const { amounts, pods } =
    waiting.length === 0 ? { amounts: node.requested, pods: node.pods.size } : taken(node, waiting)
  const { allocatable } = node
  const roomy =
    pods < node.allowedPods &&
    requests.cpu + amounts.cpu <= allocatable.cpu &&
    requests.memory + amounts.memory <= allocatable.memory
  if (roomy && requests.storage === 0 && requests.others === undefined) return undefined
  const reasons: string[] = []
  let final = false
  const check = (name: string, wanted: number, { used, most }: Room): void => {
    if (wanted === 0 || wanted <= most - used) return
    reasons.push(`Insufficient ${name}`)
    if (wanted > most) final = true
  }
  if (pods + 1 > node.allowedPods) reasons.push('Too many pods')
  check('cpu', requests.cpu, { used: amounts.cpu, most: allocatable.cpu })
  check('memory', requests.memory, { used: amounts.memory, most: allocatable.memory })
  check('ephemeral-storage', requests.storage, { used: amounts.storage, most: allocatable.storage })
  for (const [name, wanted] of requests.others ?? [])
    check(name, wanted, { used: amounts.others?.get(name) ?? 0, most: allocatable.others?.get(name) ?? 0 })
  return reasons.length === 0 ? undefined : { reasons, final }
}

const share = (wanted: number, most: number): number =>
  most === 0 || wanted > most ? 0 : ((most - wanted) * 100) / most

/** Those that wait for room on the node and come before this one. */
function waitingOn(node: NodeInfo, pod: PodInfo, snapshot: Snapshot): readonly PodInfo[] {
  const all = snapshot.nominated(node.name)
  return all.length === 0 ? all : all.filter(one => one.priority >= pod.priority && one.key !== pod.key)
}

export const resourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  wakes: ['node', 'pod gone'],
  filter: (pod, snapshot) => node => lacking(pod, node, waitingOn(node, pod, snapshot)),
  explain: (pod, snapshot) => node => resourceObstacles(pod, node, taken(node, waitingOn(node, pod, snapshot))),
  /** The emptier the better. */
  score: ({ scored }) => ({
    rank: 'as is',
    score: ({ allocatable, scored: used }) =>
      Math.floor(
        (share(used.cpu + scored.cpu, allocatable.cpu) + share(used.memory + scored.memory, allocatable.memory)) / 2,
      ),
  }),
}
