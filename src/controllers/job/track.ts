/**
 * Counts every pod once: an ended pod's uid goes into the status, then its finalizer comes off, and when that is seen
 * the uid becomes a number. A crash between any two of these loses and doubles nothing.
 */
import { pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Job, JobCondition, JobStatus } from '#kinds/facts/generated/types/batch_v1.ts'
import type { Notice, Write } from '#client/controller.ts'
import { condition, stamp, without } from '../conditions.ts'
import { metadataPatch } from '../owners.ts'
import { isReady } from '../pods.ts'
import { formatIndexes } from './indexes.ts'
import { judge } from './policy.ts'
import { finalizer, hasFailed, indexOf, isIndexed, isSuspended, isTracked, perIndex } from './shape.ts'
import type { State } from './state.ts'

/** Uids in the status at most: it must not grow without bound. */
const uncountedMost = 500

export interface Tracked {
  readonly status: JobStatus
  /** Finalizers to take off once the status is written. */
  readonly releases: readonly Write[]
  readonly events: readonly Notice[]
}

export const releaseOf = (pod: Pod): Write =>
  metadataPatch(pods, pod, { finalizers: (pod.metadata.finalizers ?? []).filter(one => one !== finalizer) })

interface Counting {
  readonly succeeded: string[]
  readonly failed: string[]
  readonly released: Pod[]
  full: boolean
}

/** @param held pods that must stay tracked, because their successor needs their failure count */
export function track(state: State, held: ReadonlySet<Pod>, now: number): Tracked {
  const { job, ending } = state
  const tracked = new Set(state.pods.filter(isTracked).map(pod => pod.metadata.uid))
  const { succeeded: done = [], failed: lost = [] } = job.status?.uncountedTerminatedPods ?? {}
  const counting: Counting = {
    succeeded: done.filter(uid => tracked.has(uid)),
    failed: lost.filter(uid => tracked.has(uid)),
    released: [],
    full: false,
  }
  const counted = { succeeded: done.length - counting.succeeded.length, failed: lost.length - counting.failed.length }
  for (const pod of state.pods) if (isTracked(pod)) consider(state, { pod, held: held.has(pod) }, counting)
  const status: JobStatus = {
    ...job.status,
    ...startOf(job, now),
    active: state.active.length,
    ready: state.active.filter(isReady).length,
    terminating: state.terminating.length,
    succeeded: isIndexed(job) ? state.succeededIndexes.size : (job.status?.succeeded ?? 0) + counted.succeeded,
    failed: (job.status?.failed ?? 0) + counted.failed,
    uncountedTerminatedPods: { succeeded: counting.succeeded, failed: counting.failed },
    ...(isIndexed(job) ? { completedIndexes: formatIndexes(state.succeededIndexes) } : {}),
    ...(perIndex(job) ? { failedIndexes: formatIndexes(state.failedIndexes) } : {}),
  }
  const releases = counting.released.map(releaseOf)
  const waits = counting.full || counting.succeeded.length + counting.failed.length > 0 || state.terminating.length > 0
  const { conditions, events } =
    ending === undefined ? suspension(job, now) : end(job, { ending, final: !waits && state.active.length === 0, now })
  const completed = conditions.some(one => one.type === 'Complete') ? { completionTime: stamp(now) } : {}
  return { status: { ...status, ...suspendedStart(job, now), conditions, ...completed }, releases, events }
}

function startOf(job: Job, now: number): Pick<JobStatus, 'startTime'> {
  return job.status?.startTime === undefined && !isSuspended(job) ? { startTime: stamp(now) } : {}
}

/** A resumed Job's deadline counts from its resumption. */
function suspendedStart(job: Job, now: number): Pick<JobStatus, 'startTime'> {
  const before = condition(job.status?.conditions, 'Suspended')
  return before?.status === 'True' && !isSuspended(job) ? { startTime: stamp(now) } : {}
}

interface Candidate {
  readonly pod: Pod
  readonly held: boolean
}

function consider({ job, ending }: State, { pod, held }: Candidate, counting: Counting): void {
  const succeeded = pod.status?.phase === 'Succeeded'
  // What an early success ends has not failed.
  const early = ending?.type === 'SuccessCriteriaMet'
  const failed = early ? pod.status?.phase === 'Failed' : hasFailed(pod, job)
  const leaving = ending !== undefined || job.metadata.deletionTimestamp !== undefined
  if (!leaving && !succeeded && (!failed || held)) return
  const uid = pod.metadata.uid ?? ''
  const known = counting.succeeded.includes(uid) || counting.failed.includes(uid)
  if (!known) {
    if (counting.succeeded.length + counting.failed.length >= uncountedMost) {
      counting.full = true
      return
    }
    const valid = !isIndexed(job) || indexOf(pod, job) !== undefined
    if (succeeded && !isIndexed(job)) counting.succeeded.push(uid)
    else if (!succeeded && valid && (failed || ending?.type === 'FailureTarget') && judge(job, pod).counts)
      counting.failed.push(uid)
  }
  // Of an active pod that the end takes down, the finalizer stays until its deletion has begun.
  if (leaving && !early && !succeeded && !failed && pod.metadata.deletionTimestamp === undefined) {
    const at = counting.failed.indexOf(uid)
    if (at >= 0 && !known) counting.failed.splice(at, 1)
    return
  }
  counting.released.push(pod)
}

interface End {
  readonly ending: JobCondition
  readonly final: boolean
  readonly now: number
}

interface Said {
  readonly conditions: readonly JobCondition[]
  readonly events: readonly Notice[]
}

function end(job: Job, { ending, final, now }: End): Said {
  const list = [...without(job.status?.conditions, ending.type), ending]
  if (!final) return { conditions: list, events: [] }
  const failed = ending.type === 'FailureTarget'
  const last = {
    ...ending,
    type: failed ? 'Failed' : 'Complete',
    lastProbeTime: stamp(now),
    lastTransitionTime: stamp(now),
  }
  const event: Notice = failed
    ? { about: job, type: 'Warning', reason: ending.reason ?? '', message: ending.message ?? '' }
    : { about: job, type: 'Normal', reason: 'Completed', message: 'Job completed' }
  return { conditions: [...list, last], events: [event] }
}

function suspension(job: Job, now: number): Said {
  const list = job.status?.conditions ?? []
  const before = condition(list, 'Suspended')
  const wanted = isSuspended(job) ? 'True' : 'False'
  if (before?.status === wanted || (before === undefined && wanted === 'False')) return { conditions: list, events: [] }
  const [reason, message, said] = isSuspended(job)
    ? ['JobSuspended', 'Job suspended', 'Suspended']
    : ['JobResumed', 'Job resumed', 'Resumed']
  const time = stamp(now)
  const next = { type: 'Suspended', status: wanted, lastProbeTime: time, lastTransitionTime: time, reason, message }
  return {
    conditions: [...without(list, 'Suspended'), next],
    events: [{ about: job, type: 'Normal', reason: said, message }],
  }
}
