/** Starts and ends a Job's pods. */
import { jobs } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Job } from '#kinds/facts/generated/types/batch_v1.ts'
import type { Write } from '#client/controller.ts'
import { controllerRef } from '../owners.ts'
import { deletionOrder, podFrom } from '../pods.ts'
import { creation, deletion } from '../replicas.ts'
import { judge } from './policy.ts'
import {
  completionsOf,
  failureCountKey,
  failuresBefore,
  finalizer,
  finishedAt,
  hasFailed,
  ignoredBefore,
  ignoredCountKey,
  indexKey,
  indexOf,
  isIndexed,
  isSuspended,
  isTracked,
  onlyReplacesFailed,
  parallelism,
  perIndex,
} from './shape.ts'
import type { State } from './state.ts'
import { releaseOf } from './track.ts'

/** Pods made or ended in one decision at most. */
const most = 500
const firstBackoff = 10_000
const longestBackoff = 600_000

export const backoffOf = (failures: number): number =>
  failures === 0 ? 0 : Math.min(longestBackoff, firstBackoff * 2 ** Math.min(20, failures - 1))

export interface Managed {
  readonly groups: readonly (readonly Write[])[]
  /** Milliseconds until pods may be made again after failures. */
  readonly again?: number
}

/** Their finalizers go first: what the Job itself ends is no failure. */
const end = (job: Job, pods: readonly Pod[]): Managed => ({
  groups: [pods.filter(isTracked).map(releaseOf), pods.map(pod => deletion(job, pod))],
})

function wantedActive({ job, succeeded, active }: State): number {
  if (job.spec.completions === undefined) return succeeded > 0 ? active.length : parallelism(job)
  return Math.max(0, Math.min(parallelism(job), job.spec.completions - succeeded))
}

/** Active pods of one index beyond the first, and of indexes that are done or out of range. */
function superfluous(state: State): readonly Pod[] {
  if (!isIndexed(state.job)) return []
  const taken = new Set<number>()
  return state.active.filter(pod => {
    const index = indexOf(pod, state.job)
    if (index === undefined || taken.has(index)) return true
    taken.add(index)
    return false
  })
}

/** The last failed pod of each index that is not replaced yet: its successor takes over its failure count. */
export function lastFailures(state: State, now: number): ReadonlyMap<number, Pod> {
  const last = new Map<number, Pod>()
  if (!perIndex(state.job)) return last
  const running = new Set(state.active.map(pod => indexOf(pod, state.job)))
  for (const pod of state.pods) {
    const index = indexOf(pod, state.job)
    if (index === undefined || !isTracked(pod) || !hasFailed(pod, state.job)) continue
    if (running.has(index) || state.succeededIndexes.has(index) || state.failedIndexes.has(index)) continue
    const other = last.get(index)
    if (other === undefined || finishedAt(other, now) <= finishedAt(pod, now)) last.set(index, pod)
  }
  return last
}

function pendingIndexes(state: State, count: number): readonly number[] {
  const busy = [...state.active, ...(onlyReplacesFailed(state.job) ? state.terminating : [])]
  const taken = new Set(busy.map(pod => indexOf(pod, state.job)))
  const found: number[] = []
  for (let index = 0; index < completionsOf(state.job) && found.length < count; index++)
    if (!taken.has(index) && !state.succeededIndexes.has(index) && !state.failedIndexes.has(index)) found.push(index)
  return found
}

export interface Timing {
  readonly now: number
  /** Milliseconds since the epoch before which failures forbid new pods. */
  readonly notBefore: number
}

export function manage(state: State, timing: Timing): Managed {
  const { job, active } = state
  if (job.metadata.deletionTimestamp !== undefined) return { groups: [] }
  if (isSuspended(job)) return end(job, active)
  const doubles = superfluous(state)
  const wanted = wantedActive(state)
  const rest = active.filter(pod => !doubles.includes(pod)).sort(deletionOrder(() => 0, timing.now))
  const excess = [...doubles, ...rest.slice(0, Math.max(0, active.length - doubles.length - wanted))]
  if (excess.length > 0) return end(job, excess.slice(0, most))
  const leaving = onlyReplacesFailed(job) ? state.terminating.length : 0
  const missing = Math.min(most, wanted - leaving - active.length)
  if (missing <= 0) return { groups: [] }
  if (perIndex(job)) return startIndexes(state, missing, timing.now)
  const wait = timing.notBefore - timing.now
  if (wait > 0) return { groups: [], again: wait }
  const indexes = isIndexed(job) ? pendingIndexes(state, missing) : Array.from({ length: missing }, () => undefined)
  return { groups: [indexes.map(index => start(job, index, undefined))] }
}

/** Where each index has its own limit, it has its own back-off too. */
function startIndexes(state: State, missing: number, now: number): Managed {
  const last = lastFailures(state, now)
  const waitFor = (index: number): number => {
    const before = last.get(index)
    if (before === undefined) return 0
    return finishedAt(before, now) + backoffOf(failuresBefore(before) + ignoredBefore(before) + 1) - now
  }
  const pending = pendingIndexes(state, missing)
  const ready = pending.filter(index => waitFor(index) <= 0)
  const waits = pending.map(waitFor).filter(wait => wait > 0)
  return {
    groups: ready.length === 0 ? [] : [ready.map(index => start(state.job, index, last.get(index)))],
    ...(waits.length === 0 ? {} : { again: Math.min(...waits) }),
  }
}

const indexVariable = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${indexKey}']` } },
}

function start(job: Job, index: number | undefined, before: Pod | undefined): Write {
  const pod = podFrom(job.spec.template, controllerRef(jobs, job), job.metadata.namespace ?? '')
  const finalizers = [...new Set([...(pod.metadata.finalizers ?? []), finalizer])]
  const tracked: Pod = { ...pod, metadata: { ...pod.metadata, finalizers } }
  if (index === undefined) return creation(job, tracked)
  const withVariable = <C extends NonNullable<Pod['spec']['initContainers']>[number]>(container: C): C =>
    container.env?.some(one => one.name === indexVariable.name) === true
      ? container
      : { ...container, env: [...(container.env ?? []), indexVariable] }
  const { initContainers } = pod.spec
  const name = job.metadata.name ?? ''
  return creation(job, {
    ...tracked,
    metadata: {
      ...tracked.metadata,
      generateName: `${name.slice(0, 240)}-${index}-`,
      labels: { ...pod.metadata.labels, [indexKey]: String(index) },
      annotations: { ...pod.metadata.annotations, [indexKey]: String(index), ...failureCounts(job, before) },
    },
    spec: {
      ...pod.spec,
      hostname: `${name}-${index}`,
      containers: pod.spec.containers.map(withVariable),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(withVariable) }),
    },
  })
}

function failureCounts(job: Job, before: Pod | undefined): Readonly<Record<string, string>> {
  if (!perIndex(job)) return {}
  const counts = before !== undefined && judge(job, before).counts ? 1 : 0
  const failures = before === undefined ? 0 : failuresBefore(before) + counts
  const ignored = before === undefined ? 0 : ignoredBefore(before) + 1 - counts
  return { [failureCountKey]: String(failures), ...(ignored > 0 ? { [ignoredCountKey]: String(ignored) } : {}) }
}
