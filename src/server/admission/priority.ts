/** The priority of a pod comes from its class, never from the client. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { PriorityClass } from '#kinds/facts/generated/types/scheduling_v1.ts'
import { forbidden } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, draftOf, isResource, subjectOf } from './step.ts'

const resource = 'priorityclasses.scheduling.k8s.io'

export const priorityStep = (lookup: Lookup): Step => ({
  name: 'Priority',
  handles: request => request.operation === 'CREATE' && request.subresource === '' && isResource(request, '', 'pods'),
  change: request => change(lookup, request),
})

/** The class that pods without one get: of several defaults the lowest. */
function defaultClass(lookup: Lookup): PriorityClass | undefined {
  let found: PriorityClass | undefined
  for (const object of lookup.list(resource)) {
    const one = object as PriorityClass
    if (one.globalDefault === true && (found === undefined || one.value < found.value)) found = one
  }
  return found
}

function change(lookup: Lookup, request: AdmissionRequest): void {
  const pod = draftOf<Pod>(request)
  pod.spec ??= { containers: [] }
  const named = pod.spec.priorityClassName ?? ''
  const found = named === '' ? defaultClass(lookup) : (lookup.get(resource, named) as PriorityClass | undefined)
  if (named !== '' && found === undefined)
    throw forbidden(subjectOf(request), `no PriorityClass with name ${named} was found`)
  const value = found?.value ?? 0
  if (pod.spec.priority !== undefined && pod.spec.priority !== value)
    throw forbidden(
      subjectOf(request),
      `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
  if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== policy)
    throw forbidden(
      subjectOf(request),
      `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    )
  if (named === '' && found?.metadata.name !== undefined) pod.spec.priorityClassName = found.metadata.name
  pod.spec.priority = value
  pod.spec.preemptionPolicy = policy
}
