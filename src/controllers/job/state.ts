/** A Job under decision: its pods sorted into what counts as what. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Job, JobCondition } from '#kinds/facts/generated/types/batch_v1.ts'
import { at, condition, isTrue, stamp } from '../conditions.ts'
import { isActive, isTerminating } from '../pods.ts'
import { parseIndexes } from './indexes.ts'
import { failsJob, judge, succeedsEarly } from './policy.ts'
import {
  completionsOf,
  failuresBefore,
  hasFailed,
  indexOf,
  isIndexed,
  isSuspended,
  isTracked,
  perIndex,
} from './shape.ts'

export interface State {
  readonly job: Job
  readonly pods: readonly Pod[]
  readonly active: readonly Pod[]
  readonly terminating: readonly Pod[]
  /** Ended, tracked and not yet in the status. */
  readonly newSucceeded: readonly Pod[]
  readonly newFailed: readonly Pod[]
  /** Totals with what is under way into the status. */
  readonly succeeded: number
  readonly failed: number
  readonly succeededIndexes: ReadonlySet<number>
  readonly failedIndexes: ReadonlySet<number>
  /** Why it ends, once it does: FailureTarget or SuccessCriteriaMet. */
  readonly ending: JobCondition | undefined
}

/** Whether this failure is the index's last. */
function failsIndex(job: Job, pod: Pod): boolean {
  const verdict = judge(job, pod)
  if (verdict.action === 'FailIndex') return true
  return verdict.counts && failuresBefore(pod) >= (job.spec.backoffLimitPerIndex ?? Infinity)
}

export function stateOf(job: Job, pods: readonly Pod[], now: number): State {
  const { succeeded: done = [], failed: lost = [] } = job.status?.uncountedTerminatedPods ?? {}
  const uncounted = new Set([...done, ...lost])
  const fresh = pods.filter(pod => isTracked(pod) && !uncounted.has(pod.metadata.uid ?? ''))
  const valid = (pod: Pod): boolean => !isIndexed(job) || indexOf(pod, job) !== undefined
  const newSucceeded = fresh.filter(pod => pod.status?.phase === 'Succeeded' && valid(pod))
  const newFailed = fresh.filter(pod => hasFailed(pod, job) && valid(pod))
  const succeededIndexes = new Set(isIndexed(job) ? parseIndexes(job.status?.completedIndexes, completionsOf(job)) : [])
  for (const pod of isIndexed(job) ? newSucceeded : []) succeededIndexes.add(indexOf(pod, job) ?? 0)
  const failedIndexes = new Set(perIndex(job) ? parseIndexes(job.status?.failedIndexes, completionsOf(job)) : [])
  for (const pod of perIndex(job) ? pods.filter(one => isTracked(one) && hasFailed(one, job)) : []) {
    const index = indexOf(pod, job)
    if (index !== undefined && failsIndex(job, pod)) failedIndexes.add(index)
  }
  const known = {
    job,
    pods,
    active: pods.filter(isActive),
    terminating: pods.filter(isTerminating),
    newSucceeded,
    newFailed,
    succeeded: isIndexed(job)
      ? succeededIndexes.size
      : (job.status?.succeeded ?? 0) + done.length + newSucceeded.length,
    failed: (job.status?.failed ?? 0) + lost.length + newFailed.filter(pod => judge(job, pod).counts).length,
    succeededIndexes,
    failedIndexes,
  }
  return { ...known, ending: endingOf(known, now) }
}

type Known = Omit<State, 'ending'>

const ends =
  (type: string, reason: string, message: string) =>
  (now: number): JobCondition => ({
    type,
    status: 'True',
    lastProbeTime: stamp(now),
    lastTransitionTime: stamp(now),
    reason,
    message,
  })
const fails = (reason: string, message: string) => ends('FailureTarget', reason, message)
const succeeds = (reason: string, message: string) => ends('SuccessCriteriaMet', reason, message)

function endingOf(state: Known, now: number): JobCondition | undefined {
  const { conditions } = state.job.status ?? {}
  for (const type of ['SuccessCriteriaMet', 'FailureTarget'])
    if (isTrue(conditions, type)) return condition(conditions, type)
  return (failure(state, now) ?? success(state))?.(now)
}

function failure(state: Known, now: number): ((now: number) => JobCondition) | undefined {
  const { job } = state
  const policy = failsJob(job, state.pods)
  if (policy !== undefined) return fails('PodFailurePolicy', policy)
  if (state.failed > (job.spec.backoffLimit ?? 6) || restartsTooOften(state))
    return fails('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  if (deadlineLeft(job, now) <= 0) return fails('DeadlineExceeded', 'Job was active longer than specified deadline')
  const lost = state.failedIndexes.size
  if (lost > (job.spec.maxFailedIndexes ?? Infinity))
    return fails('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
  if (lost > 0 && lost + state.succeededIndexes.size >= completionsOf(job))
    return fails('FailedIndexes', 'Job has failed indexes')
  return undefined
}

function success(state: Known): ((now: number) => JobCondition) | undefined {
  const { job } = state
  const early = isIndexed(job) ? succeedsEarly(job, state.succeededIndexes) : undefined
  if (early !== undefined) return succeeds('SuccessPolicy', early)
  const wanted = job.spec.completions
  const all = wanted === undefined ? state.succeeded > 0 : state.succeeded >= wanted
  return all && state.active.length === 0
    ? succeeds('CompletionsReached', 'Reached expected number of succeeded pods')
    : undefined
}

/** Pods that restart their own containers count those restarts. */
function restartsTooOften({ job, pods }: Known): boolean {
  if (job.spec.template.spec.restartPolicy !== 'OnFailure') return false
  let restarts = 0
  for (const { status } of pods)
    if (status?.phase === 'Running' || status?.phase === 'Pending')
      for (const one of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
        restarts += one.restartCount
  const limit = job.spec.backoffLimit ?? 6
  return limit === 0 ? restarts > 0 : restarts >= limit
}

/** Milliseconds until the active deadline; Infinity where it does not run. */
export function deadlineLeft(job: Job, now: number): number {
  const { activeDeadlineSeconds: seconds } = job.spec
  const start = at(job.status?.startTime)
  if (seconds === undefined || isSuspended(job) || Number.isNaN(start)) return Infinity
  return start + Number(seconds) * 1000 - now
}
