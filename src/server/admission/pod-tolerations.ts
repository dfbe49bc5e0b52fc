/** Pods bear a node that is not ready for five minutes unless they say otherwise. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type Step, draftOf, isResource } from './step.ts'

const seconds = 300
const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const

export const defaultTolerationSeconds: Step = {
  name: 'DefaultTolerationSeconds',
  handles: request => request.operation !== 'DELETE' && request.subresource === '' && isResource(request, '', 'pods'),
  change: request => {
    const pod = draftOf<Pod>(request)
    pod.spec ??= { containers: [] }
    const tolerations = pod.spec.tolerations ?? []
    const missing = keys.filter(
      key =>
        !tolerations.some(
          one =>
            ((one.key ?? '') === key || (one.key ?? '') === '') &&
            (one.effect === 'NoExecute' || (one.effect ?? '') === ''),
        ),
    )
    if (missing.length > 0)
      pod.spec.tolerations = [
        ...tolerations,
        ...missing.map(key => ({
          key,
          operator: 'Exists' as const,
          effect: 'NoExecute' as const,
          tolerationSeconds: seconds,
        })),
      ]
  },
}
