/** A node that has not said that it is ready takes no pods. */
import type { Node } from '#kinds/facts/generated/types/core_v1.ts'
import { type Step, draftOf, isResource } from './step.ts'

const key = 'node.kubernetes.io/not-ready'

export const taintNodesByCondition: Step = {
  name: 'TaintNodesByCondition',
  handles: request => request.operation === 'CREATE' && request.subresource === '' && isResource(request, '', 'nodes'),
  change: request => {
    const node = draftOf<Node>(request)
    node.spec ??= {}
    const taints = node.spec.taints ?? []
    if (!taints.some(taint => taint.key === key && taint.effect === 'NoSchedule'))
      node.spec.taints = [...taints, { key, effect: 'NoSchedule' }]
  },
}
