/** What controllers ask about pods. */
import { isTerminal } from '#kinds/facts/pods.ts'
import type { Pod, PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { OwnerReference } from '#api/metadata.ts'
import { at, condition } from './conditions.ts'

export const isDeleting = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && !isDeleting(pod)
/** On its way out, and still running. */
export const isTerminating = (pod: Pod): boolean => isDeleting(pod) && !isTerminal(pod)

export const isReady = (pod: Pod): boolean => condition(pod.status?.conditions, 'Ready')?.status === 'True'

/** Milliseconds until the pod has been ready for so many seconds; 0 when it has, Infinity while it is not ready. */
export function untilAvailable(pod: Pod, minReadySeconds: number, now: number): number {
  if (!isReady(pod)) return Infinity
  if (minReadySeconds === 0) return 0
  const since = at(condition(pod.status?.conditions, 'Ready')?.lastTransitionTime)
  return Number.isNaN(since) ? Infinity : Math.max(0, since + minReadySeconds * 1000 - now)
}

/** A pod of this template, named by the server after its owner. */
export function podFrom(template: PodTemplateSpec, owner: OwnerReference, namespace: string): Pod {
  const { labels = {}, annotations, finalizers } = template.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.name}-`,
      namespace,
      labels: { ...labels },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [owner],
    },
    spec: template.spec,
  }
}

const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }
const phase = (pod: Pod): number => phases[pod.status?.phase ?? ''] ?? 0

const deletionCost = (pod: Pod): number => {
  const cost = Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0)
  return Number.isSafeInteger(cost) ? cost : 0
}

const readySince = (pod: Pod): number => at(condition(pod.status?.conditions, 'Ready')?.lastTransitionTime)

const restarts = (pod: Pod): number =>
  Math.max(
    0,
    ...[...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].map(
      s => s.restartCount,
    ),
  )

/** Ages within the same power of two count as equal, so that scaling down does not always hit the youngest. */
const ageClass = (time: number, now: number): number => (now > time ? Math.trunc(Math.log2((now - time) * 1e6)) : -1)

function byAge(a: Pod, b: Pod, times: { readonly a: number; readonly b: number; readonly now: number }): number {
  if (times.a === times.b) return 0
  if (Number.isNaN(times.a) || Number.isNaN(times.b)) return Number.isNaN(times.a) ? -1 : 1
  const classes = ageClass(times.a, times.now) - ageClass(times.b, times.now)
  if (classes !== 0) return classes
  return (a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1
}

/**
 * Pods to delete first come first: unassigned, pending, not ready, cheap, crowded with their relatives, lately ready,
 * often restarted, young. `crowd` counts a pod's relatives on its node.
 */
export const deletionOrder =
  (crowd: (pod: Pod) => number, now: number) =>
  (a: Pod, b: Pod): number => {
    const assigned = (pod: Pod): number => (pod.spec.nodeName === undefined || pod.spec.nodeName === '' ? 0 : 1)
    return (
      assigned(a) - assigned(b) ||
      phase(a) - phase(b) ||
      Number(isReady(a)) - Number(isReady(b)) ||
      deletionCost(a) - deletionCost(b) ||
      crowd(b) - crowd(a) ||
      (isReady(a) && isReady(b) ? byAge(a, b, { a: readySince(a), b: readySince(b), now }) : 0) ||
      restarts(b) - restarts(a) ||
      byAge(a, b, { a: at(a.metadata.creationTimestamp), b: at(b.metadata.creationTimestamp), now })
    )
  }
