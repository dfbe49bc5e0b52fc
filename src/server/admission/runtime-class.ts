/** RuntimeClass: what a runtime costs beyond the containers, and where it is to be found. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { RuntimeClass } from '#kinds/facts/generated/types/node_v1.ts'
import { readList } from '#kinds/amounts/sums.ts'
import type { Draft } from '#api/metadata.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, deny, draftOf, isResource } from './step.ts'
import { mergeTolerations } from './tolerations.ts'

const classes = 'runtimeclasses.node.k8s.io'
type Amounts = Readonly<Record<string, string>> | undefined

export const runtimeClass = (lookup: Lookup): Step => ({
  name: 'RuntimeClass',
  handles: request => request.operation === 'CREATE' && request.subresource === '' && isResource(request, '', 'pods'),
  change: request => {
    const pod = draftOf<Pod>(request)
    const found = classOf(lookup, request, pod)
    if (found === undefined || pod.spec === undefined) return
    if (found.overhead !== undefined) setOverhead(request, pod, found.overhead.podFixed)
    if (found.scheduling !== undefined) schedule(request, pod, found.scheduling)
  },
  judge: request => {
    const pod = draftOf<Pod>(request)
    const overhead = classOf(lookup, request, pod)?.overhead
    if (overhead === undefined) {
      if (pod.spec?.overhead !== undefined)
        deny(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
    } else if (!sameAmounts(overhead.podFixed, pod.spec?.overhead)) deny(request, mismatch)
  },
})

const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"

function classOf(lookup: Lookup, request: AdmissionRequest, pod: Draft<Pod>): RuntimeClass | undefined {
  const name = pod.spec?.runtimeClassName
  if (name === undefined) return undefined
  const found = lookup.get(classes, name)
  if (found === undefined) deny(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
  return found as RuntimeClass
}

function sameAmounts(one: Amounts, other: Amounts): boolean {
  const [left, right] = [readList(one), readList(other)]
  return left.size === right.size && [...left].every(([name, { nanos }]) => right.get(name)?.nanos === nanos)
}

function setOverhead(request: AdmissionRequest, { spec }: Draft<Pod>, fixed: Amounts): void {
  if (spec === undefined) return
  if (Object.keys(spec.overhead ?? {}).length > 0 && !sameAmounts(fixed, spec.overhead)) deny(request, mismatch)
  if (fixed !== undefined) spec.overhead = { ...fixed }
}

function schedule(
  request: AdmissionRequest,
  { spec }: Draft<Pod>,
  { nodeSelector = {}, tolerations = [] }: NonNullable<RuntimeClass['scheduling']>,
): void {
  if (spec === undefined) return
  const own = spec.nodeSelector ?? {}
  for (const [key, value] of Object.entries(nodeSelector))
    if (Object.hasOwn(own, key) && own[key] !== value)
      deny(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own[key] ?? ''}`,
      )
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...own, ...nodeSelector }
  if (tolerations.length > 0)
    spec.tolerations = mergeTolerations(
      spec.tolerations ?? [],
      structuredClone(tolerations) as Draft<typeof tolerations>,
    )
}
