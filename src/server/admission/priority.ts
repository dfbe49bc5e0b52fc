/** The priority of a pod comes from its class, never from the client. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { PriorityClass } from '#kinds/facts/generated/types/scheduling_v1.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, deny, derived, draftOf, isResource, oldOf } from './step.ts'

const resource = 'priorityclasses.scheduling.k8s.io'

const isPod = (request: AdmissionRequest): boolean => request.subresource === '' && isResource(request, '', 'pods')

const isClass = (request: AdmissionRequest): boolean => isResource(request, 'scheduling.k8s.io', 'priorityclasses')

export function priorityStep(lookup: Lookup): Step {
  const standard = derived(lookup, resource, defaultClass)
  return {
    name: 'Priority',
    handles: request =>
      (request.operation === 'CREATE' || request.operation === 'UPDATE') && (isPod(request) || isClass(request)),
    change: request => {
      if (!isPod(request)) return
      if (request.operation === 'CREATE') establish(lookup, request, standard())
      else keep(draftOf<Pod>(request), oldOf<Pod>(request))
    },
    judge: request => {
      if (isClass(request)) judgeClass(request, standard())
    },
  }
}

/** A client that does not know these fields does not take them away. */
function keep({ spec }: Draft<Pod>, old: Pod): void {
  if (spec === undefined) return
  if (spec.priority === undefined && old.spec.priority !== undefined) spec.priority = old.spec.priority
  if (spec.preemptionPolicy === undefined && old.spec.preemptionPolicy !== undefined)
    spec.preemptionPolicy = old.spec.preemptionPolicy
}

function judgeClass(request: AdmissionRequest, standard: PriorityClass | undefined): void {
  const wanted = draftOf<PriorityClass>(request)
  if (wanted.globalDefault !== true || standard === undefined) return
  const name = standard.metadata.name ?? ''
  if (request.operation === 'CREATE' || name !== wanted.metadata.name)
    deny(request, `PriorityClass ${name} is already marked as default. Only one default can exist`)
}

/** The class that pods without one get: of several defaults the lowest. */
function defaultClass(classes: Iterable<KObject>): PriorityClass | undefined {
  let found: PriorityClass | undefined
  for (const object of classes) {
    const one = object as PriorityClass
    if (one.globalDefault === true && (found === undefined || one.value < found.value)) found = one
  }
  return found
}

function establish(lookup: Lookup, request: AdmissionRequest, standard: PriorityClass | undefined): void {
  const pod = draftOf<Pod>(request)
  pod.spec ??= { containers: [] }
  const named = pod.spec.priorityClassName ?? ''
  const found = named === '' ? standard : (lookup.get(resource, named) as PriorityClass | undefined)
  if (named !== '' && found === undefined) deny(request, `no PriorityClass with name ${named} was found`)
  const value = found?.value ?? 0
  if (pod.spec.priority !== undefined && pod.spec.priority !== value)
    deny(
      request,
      `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
  if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== policy)
    deny(
      request,
      `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    )
  if (named === '' && found?.metadata.name !== undefined) pod.spec.priorityClassName = found.metadata.name
  pod.spec.priority = value
  pod.spec.preemptionPolicy = policy
}
