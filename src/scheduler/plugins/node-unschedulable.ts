import { tolerates } from '#controllers/taints.ts'
import { type Plugin, refuse } from '../plugin.ts'

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const
const refused = refuse('node(s) were unschedulable', true)

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  wakes: ['node'],
  filter: ({ pod }) =>
    pod.spec.tolerations?.some(toleration => tolerates(toleration, taint)) === true
      ? undefined
      : ({ node }) => (node.spec.unschedulable === true ? refused : undefined),
}
