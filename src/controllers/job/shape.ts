/** What a Job and its pods say about themselves. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Job } from '#kinds/facts/generated/types/batch_v1.ts'
import { at, isTrue } from '../conditions.ts'
import { isDeleting } from '../pods.ts'

export const finalizer = 'batch.kubernetes.io/job-tracking'
export const indexKey = 'batch.kubernetes.io/job-completion-index'
export const failureCountKey = 'batch.kubernetes.io/job-index-failure-count'
export const ignoredCountKey = 'batch.kubernetes.io/job-index-ignored-failure-count'

export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(finalizer) === true
export const isIndexed = (job: Job): boolean => job.spec.completionMode === 'Indexed'
export const isSuspended = (job: Job): boolean => job.spec.suspend === true
export const perIndex = (job: Job): boolean => isIndexed(job) && job.spec.backoffLimitPerIndex !== undefined
export const isFinished = (job: Job): boolean =>
  isTrue(job.status?.conditions, 'Complete') || isTrue(job.status?.conditions, 'Failed')
export const onlyReplacesFailed = (job: Job): boolean =>
  job.spec.podReplacementPolicy === 'Failed' ||
  (job.spec.podReplacementPolicy === undefined && job.spec.podFailurePolicy !== undefined)
export const parallelism = (job: Job): number => job.spec.parallelism ?? 1
export const completionsOf = (job: Job): number => job.spec.completions ?? 0

/** A pod on its way out has failed, unless the Job wants to know how it ended. */
export const hasFailed = (pod: Pod, job: Job): boolean =>
  pod.status?.phase === 'Failed' || (!onlyReplacesFailed(job) && isDeleting(pod) && pod.status?.phase !== 'Succeeded')

/** The completion index, undefined where there is none or it is not (any more) one of the Job's. */
export function indexOf(pod: Pod, job: Job): number | undefined {
  const text = pod.metadata.annotations?.[indexKey]
  const index = text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
  return index !== undefined && index < completionsOf(job) ? index : undefined
}

const count = (pod: Pod, key: string): number => {
  const value = Number(pod.metadata.annotations?.[key] ?? 0)
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}
export const failuresBefore = (pod: Pod): number => count(pod, failureCountKey)
export const ignoredBefore = (pod: Pod): number => count(pod, ignoredCountKey)

/** Milliseconds since the epoch; `now` where the pod does not tell. */
export function finishedAt(pod: Pod, now: number): number {
  const times = (pod.status?.containerStatuses ?? []).map(one => at(one.state?.terminated?.finishedAt))
  if (times.length > 0 && times.every(time => !Number.isNaN(time))) return Math.max(...times)
  const deletion = at(pod.metadata.deletionTimestamp)
  return Number.isNaN(deletion) ? now : deletion
}
