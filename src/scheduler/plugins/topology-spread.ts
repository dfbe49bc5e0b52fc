import { matchesNode } from '#controllers/node-affinity.ts'
import { untolerated } from '#controllers/taints.ts'
import { type Selector, fromLabelSelector, matches } from '#api/selector.ts'
import type { TopologySpreadConstraint } from '#kinds/facts/generated/types/core_v1.ts'
import { type Explain, type Filter, type Obstacle, type Plugin, type Scorer, reasonOf, refuse } from '../plugin.ts'
import type { NodeInfo, PodInfo, Snapshot } from '../snapshot.ts'

const uneven = refuse("node(s) didn't match pod topology spread constraints", false)
const unlabelled = refuse("node(s) didn't match pod topology spread constraints (missing required label)", true)
const hard = new Set(['NoSchedule', 'NoExecute'] as const)

interface Constraint {
  readonly key: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly selector: Selector
  readonly self: number
  readonly counts: Map<string, number>
  readonly spec: TopologySpreadConstraint
  /** In the pod's list. */
  readonly at: number
}

const valueOf = ({ node }: NodeInfo, key: string): string | undefined =>
  node.metadata.labels !== undefined && Object.hasOwn(node.metadata.labels, key) ? node.metadata.labels[key] : undefined

function constraintsOf({ pod }: PodInfo, when: TopologySpreadConstraint['whenUnsatisfiable']): readonly Constraint[] {
  return (pod.spec.topologySpreadConstraints ?? [])
    .map((spec, at) => ({ spec, at }))
    .filter(({ spec }) => spec.whenUnsatisfiable === when)
    .map(({ spec, at }) => {
      const labels = pod.metadata.labels ?? {}
      const keys = (spec.matchLabelKeys ?? []).filter(key => Object.hasOwn(labels, key))
      const extra = keys.map(key => ({ key, operator: 'In' as const, values: new Set([labels[key] ?? '']) }))
      const selector = [...(fromLabelSelector(spec.labelSelector) ?? [nothing]), ...extra]
      return {
        key: spec.topologyKey,
        maxSkew: spec.maxSkew,
        minDomains: spec.minDomains ?? 1,
        selector,
        self: matches(selector, labels) ? 1 : 0,
        counts: new Map(),
        spec,
        at,
      }
    })
}

/** A selector that selects no pod. */
const nothing = { key: '', operator: 'In', values: new Set<string>() } as const

const counts = ({ pod }: PodInfo, { node }: NodeInfo, { spec }: Constraint): boolean =>
  (spec.nodeAffinityPolicy === 'Ignore' || matchesNode(pod, node)) &&
  (spec.nodeTaintsPolicy !== 'Honor' || untolerated(node.spec.taints, pod.spec.tolerations, hard) === undefined)

/** Fills the counts, over nodes that have every key. */
function count(info: PodInfo, snapshot: Snapshot, constraints: readonly Constraint[]): void {
  const namespace = info.pod.metadata.namespace
  for (const node of snapshot.nodes) {
    if (!constraints.every(one => valueOf(node, one.key) !== undefined)) continue
    for (const constraint of constraints) {
      if (!counts(info, node, constraint)) continue
      const value = valueOf(node, constraint.key) ?? ''
      let found = constraint.counts.get(value) ?? 0
      for (const { pod } of node.pods.values())
        if (
          pod.metadata.namespace === namespace &&
          pod.metadata.deletionTimestamp === undefined &&
          matches(constraint.selector, pod.metadata.labels)
        )
          found++
      constraint.counts.set(value, found)
    }
  }
}

const fewestOf = ({ counts: { size }, minDomains, counts: found }: Constraint): number =>
  size < minDomains ? 0 : Math.min(...found.values())

function filter(info: PodInfo, snapshot: Snapshot): Filter | undefined {
  const constraints = constraintsOf(info, 'DoNotSchedule')
  if (constraints.length === 0) return undefined
  count(info, snapshot, constraints)
  const fewest = constraints.map(fewestOf)
  return node => {
    for (const [index, constraint] of constraints.entries()) {
      const value = valueOf(node, constraint.key)
      if (value === undefined) return unlabelled
      const skew = (constraint.counts.get(value) ?? 0) + constraint.self - (fewest[index] ?? 0)
      if (skew > constraint.maxSkew) return uneven
    }
    return undefined
  }
}

function unlabelledBy({ key, at }: Constraint, node: NodeInfo): Obstacle {
  return {
    reason: reasonOf(unlabelled),
    object: { kind: 'Node', name: node.name },
    line: `the pod's spec.topologySpreadConstraints[${at}].topologyKey: ${key}, a label that the node does not have`,
    fix: `kubectl label node ${node.name} ${key}=VALUE`,
    effort: 1,
  }
}

function explain(info: PodInfo, snapshot: Snapshot): Explain {
  const constraints = constraintsOf(info, 'DoNotSchedule')
  count(info, snapshot, constraints)
  const fewest = constraints.map(fewestOf)
  return node =>
    constraints.flatMap((constraint, index) => {
      const { key, maxSkew, at, self } = constraint
      const value = valueOf(node, key)
      if (value === undefined) return [unlabelledBy(constraint, node)]
      const [here, least] = [constraint.counts.get(value) ?? 0, fewest[index] ?? 0]
      const skew = here + self - least
      if (skew <= maxSkew) return []
      const emptiest = [...constraint.counts].find(([, found]) => found === least)?.[0]
      const there = emptiest === undefined ? '' : `, or make room where ${key}=${emptiest}`
      return [
        {
          reason: reasonOf(uneven),
          line: `spec.topologySpreadConstraints[${at}].maxSkew: ${maxSkew}; ${key}=${value} has ${here} such pods, the least is ${least}`,
          fix: `set maxSkew to ${skew}${there}`,
          effort: 1,
        },
      ]
    })
}

function score(info: PodInfo, snapshot: Snapshot): Scorer | undefined {
  const constraints = constraintsOf(info, 'ScheduleAnyway')
  if (constraints.length === 0) return undefined
  count(info, snapshot, constraints)
  return {
    rank: 'least is best',
    score: node =>
      constraints.reduce((sum, one) => {
        const value = valueOf(node, one.key)
        // Where the label is missing nothing can be spread: as bad as the fullest domain.
        const found = value === undefined ? Math.max(0, ...one.counts.values()) : (one.counts.get(value) ?? 0)
        return sum + found * Math.log(one.counts.size + 2) + (one.maxSkew - 1)
      }, 0),
  }
}

export const topologySpread: Plugin = {
  name: 'PodTopologySpread',
  weight: 2,
  wakes: ['node', 'pod gone', 'pod placed', 'pod labels'],
  filter,
  explain,
  score,
}
