import type { Taint, Toleration } from '#kinds/facts/generated/types/core_v1.ts'
import { untolerated, tolerates } from '#controllers/taints.ts'
import { type Obstacle, type Plugin, reasonOf, refuse } from '../plugin.ts'

const refused = refuse('node(s) had untolerated taint(s)', true)
const hard: ReadonlySet<Taint['effect']> = new Set(['NoSchedule', 'NoExecute'])

/** Kept by the node controller: to take them away by hand helps for seconds. */
const ofState = /^node\.kubernetes\.io\/(?!unschedulable$)/

const asToleration = ({ key, value = '', effect }: Taint): string =>
  `{key: ${key}, ${value === '' ? 'operator: Exists' : `operator: Equal, value: ${value}`}, effect: ${effect}}`

function obstacle(node: string, taint: Taint, at: number): Obstacle {
  const { key, value = '', effect } = taint
  const tolerate = `tolerate it in spec.tolerations: ${asToleration(taint)}`
  const common = {
    reason: reasonOf(refused),
    object: { kind: 'Node', name: node },
    line: `spec.taints[${at}]: ${key}${value === '' ? '' : `=${value}`}:${effect}`,
  }
  if (key === 'node.kubernetes.io/unschedulable') return { ...common, fix: `kubectl uncordon ${node}`, effort: 1 }
  if (ofState.test(key))
    return { ...common, fix: `mend the node (its conditions say what ails it), or ${tolerate}`, effort: 5 }
  return { ...common, fix: `${tolerate}; or kubectl taint node ${node} ${key}:${effect}-`, effort: 1 }
}

const stops = (taint: Taint, tolerations: readonly Toleration[] | undefined): boolean =>
  hard.has(taint.effect) && tolerations?.some(one => tolerates(one, taint)) !== true

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  wakes: ['node'],
  filter:
    ({ pod }) =>
    ({ node }) =>
      node.spec.taints === undefined || untolerated(node.spec.taints, pod.spec.tolerations, hard) === undefined
        ? undefined
        : refused,
  explain:
    ({ pod }) =>
    ({ node, name }) =>
      (node.spec.taints ?? []).flatMap((taint, at) =>
        stops(taint, pod.spec.tolerations) ? [obstacle(name, taint, at)] : [],
      ),
  score: ({ pod }) => {
    const soft = (pod.spec.tolerations ?? []).filter(
      one => one.effect === undefined || one.effect === 'PreferNoSchedule',
    )
    return {
      rank: 'least is best',
      score: ({ node }) =>
        node.spec.taints?.filter(
          taint => taint.effect === 'PreferNoSchedule' && !soft.some(one => tolerates(one, taint)),
        ).length ?? 0,
    }
  },
}
