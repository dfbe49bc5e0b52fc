/** Jobs: pods that run to an end, as often as asked, each counted once. */
import { jobs, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Job } from '#kinds/facts/generated/types/batch_v1.ts'
import { type KObject, controllerOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { type Selector, fromLabelSelector } from '#api/selector.ts'
import { type Controller, type Decision, type Input, type Watch, nothing, selfKey } from '#client/controller.ts'
import { sameStatus } from '../equal.ts'
import { claim, controlledBy, controllerIndex, orphansIn, ownerKey, ownerKeys } from '../owners.ts'
import { deletion } from '../replicas.ts'
import { podWriter, rule } from '../rules.ts'
import { updateStatus } from '../writes.ts'
import { backoffOf, lastFailures, manage } from './manage.ts'
import { finalizer, finishedAt, isFinished, isTracked } from './shape.ts'
import { type State, deadlineLeft, stateOf } from './state.ts'
import { releaseOf, track } from './track.ts'

const isJob = (object: KObject): object is Job => object.kind === 'Job'
const isPod = (object: KObject): object is Pod => object.kind === 'Pod'
const selectorOf = (object: KObject): Selector | undefined => {
  const selector = isJob(object) ? fromLabelSelector(object.spec.selector) : undefined
  return selector?.length === 0 ? undefined : selector
}

/** Keys of pods that carry our finalizer and belong to nobody; no namespace begins like this. */
const stray = '!'

const podKeys: Watch['keys'] = (change, read) => {
  const { object } = change
  const lost = change.type === 'put' && isPod(object) && isTracked(object) && controllerOf(object) === undefined
  return [...ownerKeys(jobs, selectorOf)(change, read), ...(lost ? [`${stray}${change.key}`] : [])]
}

/** What of failures is remembered for the back-off; lost at a restart, as the delay then is. */
export interface Memory {
  /** Since the last success. */
  readonly failures: number
  /** Milliseconds since the epoch. */
  readonly last: number
  /** Uids counted in. */
  readonly counted: ReadonlySet<string>
}

export const job: Controller<Memory> = {
  name: 'job-controller',
  watches: [
    { ref: jobs, keys: selfKey },
    { ref: pods, keys: podKeys },
  ],
  indexes: [controllerIndex(pods)],
  rules: [
    rule('batch', ['jobs'], ['get', 'list', 'patch', 'update', 'watch']),
    rule('batch', ['jobs/status', 'jobs/finalizers'], ['update']),
    ...podWriter,
  ],
  decide,
}

function decide(key: string, input: Input<Memory>): Decision<Memory> {
  const { read } = input
  if (key.startsWith(stray)) {
    const pod = read.get(pods, key.slice(1))
    const lost = pod !== undefined && isTracked(pod) && controllerOf(pod) === undefined
    return lost ? { writes: [[releaseOf(pod)]] } : nothing
  }
  const owner = read.get(jobs, key)
  if (owner?.spec.managedBy !== undefined && owner.spec.managedBy !== 'kubernetes.io/job-controller') return nothing
  if (owner === undefined || isFinished(owner)) return letGo(key, read)
  return advance(owner, input)
}

/** Pods of a Job that has ended or gone need no tracking. */
function letGo(key: string, read: Reader): Decision<Memory> {
  const namespace = key.slice(0, key.indexOf('/'))
  const left = read.list(pods, namespace).filter(pod => isTracked(pod) && ownerKey(pod, jobs) === key)
  return left.length === 0 ? nothing : { writes: [left.map(releaseOf)] }
}

function advance(owner: Job, { read, asked, now, memory }: Input<Memory>): Decision<Memory> {
  const selector = selectorOf(owner)
  if (selector === undefined) return nothing
  const candidates = [...controlledBy(read, pods, owner), ...orphansIn(read, pods, owner.metadata.namespace ?? '')]
  const { claimed, writes, ask } = claim({ ref: pods, ownerRef: jobs, owner, selector, finalizer }, candidates, asked)
  if (ask.length > 0) return { writes: [], ask }
  if (writes.length > 0) return { writes: [writes] }
  const state = stateOf(owner, claimed, now)
  const remembered = remember(state, memory, now)
  const held = new Set(state.ending === undefined ? lastFailures(state, now).values() : [])
  const { status, releases, events } = track(state, held, now)
  const report = sameStatus(status, owner.status) ? [] : [updateStatus(jobs, { ...owner, status })]
  const managed =
    state.ending === undefined
      ? manage(state, { now, notBefore: remembered.last + backoffOf(remembered.failures) })
      : { groups: [state.active.map(pod => deletion(owner, pod))] }
  const again = Math.min(managed.again ?? Infinity, deadlineLeft(owner, now))
  return {
    writes: [report, releases, ...managed.groups].filter(group => group.length > 0),
    // Told once: when the status that says it is written.
    events: report.length > 0 ? events : [],
    memory: remembered,
    ...(Number.isFinite(again) ? { again: Math.max(again, 1) } : {}),
  }
}

function remember(state: State, before: Memory | undefined, now: number): Memory {
  let { failures, last } = before ?? { failures: 0, last: 0 }
  const known = before?.counted ?? new Set<string>()
  const fresh = [...state.newSucceeded, ...state.newFailed].filter(pod => !known.has(pod.metadata.uid ?? ''))
  for (const pod of fresh.sort((a, b) => finishedAt(a, now) - finishedAt(b, now)))
    if (pod.status?.phase === 'Succeeded') failures = 0
    else {
      failures++
      last = finishedAt(pod, now)
    }
  const there = new Set(state.pods.filter(isTracked).map(pod => pod.metadata.uid ?? ''))
  const counted = new Set([...known, ...fresh.map(pod => pod.metadata.uid ?? '')].filter(uid => there.has(uid)))
  return { failures, last, counted }
}
