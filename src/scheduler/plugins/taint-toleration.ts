import { untolerated, tolerates } from '#controllers/taints.ts'
import { type Plugin, refuse } from '../plugin.ts'

const refused = refuse('node(s) had untolerated taint(s)', true)
const hard = new Set(['NoSchedule', 'NoExecute'] as const)

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
