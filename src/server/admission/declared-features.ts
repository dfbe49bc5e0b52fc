/** NodeDeclaredFeatureValidator: a running pod is changed only in ways that its node says it can follow. */
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { readQuantity } from '#kinds/amounts/sums.ts'
import { equal } from '#base/equal.ts'
import { type Lookup, type Step, deny, draftOf, isResource, oldOf } from './step.ts'

/** By the name that nodes declare: whether a change needs it. */
const features: readonly (readonly [name: string, needed: (pod: Pod, old: Pod) => boolean])[] = [
  ['GuaranteedQoSPodCPUResize', (pod, old) => old.status?.qosClass === 'Guaranteed' && cpuChanges(pod, old)],
  ['InPlacePodLevelResourcesVerticalScaling', (pod, old) => !equal(pod.spec.resources, old.spec.resources)],
]

const cpuOf = ({ spec }: Pod, at: number): bigint =>
  readQuantity(spec.containers[at]?.resources?.requests?.['cpu']).nanos

const cpuChanges = (pod: Pod, old: Pod): boolean =>
  old.spec.containers.some((_, at) => cpuOf(pod, at) !== cpuOf(old, at))

export const declaredFeatures = (lookup: Lookup): Step => ({
  name: 'NodeDeclaredFeatureValidator',
  handles: request =>
    request.operation === 'UPDATE' &&
    (request.subresource === '' || request.subresource === 'resize') &&
    isResource(request, '', 'pods'),
  judge: request => {
    const [pod, old] = [draftOf<Pod>(request) as Pod, oldOf<Pod>(request)]
    const name = pod.spec.nodeName ?? ''
    if (name === '') return undefined
    const needed = features.flatMap(([feature, isNeeded]) => (isNeeded(pod, old) ? [feature] : []))
    if (needed.length === 0) return undefined
    const node = lookup.get('nodes', name) as Node | undefined
    if (node === undefined) return deny(request, `node ${JSON.stringify(name)} not found`)
    const missing = needed.filter(feature => node.status?.declaredFeatures?.includes(feature) !== true)
    if (missing.length > 0)
      return deny(
        request,
        `pod update requires features ${missing.join(', ')} which are not available on node ${JSON.stringify(name)}`,
      )
    return undefined
  },
})
