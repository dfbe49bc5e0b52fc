import { tolerates } from '#controllers/taints.ts'
import { type Plugin, reasonOf, refuse } from '../plugin.ts'

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const
const refused = refuse('node(s) were unschedulable', true)

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  wakes: ['node'],
  filter: ({ pod }) =>
    pod.spec.tolerations?.some(toleration => tolerates(toleration, taint)) === true
      ? undefined
      : ({ node }) => (node.spec.unschedulable === true ? refused : undefined),
  explain:
    ({ pod }) =>
    ({ node, name }) =>
      node.spec.unschedulable !== true || pod.spec.tolerations?.some(one => tolerates(one, taint)) === true
        ? []
        : [
            {
              reason: reasonOf(refused),
              object: { kind: 'Node', name },
              line: 'spec.unschedulable: true',
              fix: `kubectl uncordon ${name}`,
              effort: 1,
            },
          ],
}
