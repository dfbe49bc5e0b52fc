/** What a Deployment reports: counts, availability, progress and its deadline. */
import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from '#kinds/facts/generated/types/apps_v1.ts'
import { type Conditions, at, condition, stamp, withCondition, without } from '../conditions.ts'
import type { Plan } from './plan.ts'
import { maxUnavailable, sizeOf, total, wanted } from './size.ts'

const noDeadline = 2 ** 31 - 1

export const deadlineOf = (deployment: Deployment): number | undefined => {
  const seconds = deployment.spec.progressDeadlineSeconds
  return seconds === noDeadline ? undefined : seconds
}

export interface Now {
  readonly now: number
}

type List = Conditions<DeploymentCondition>
interface Say {
  readonly status: string
  readonly reason: string
  readonly message: string
}

const progressing = (say: Say, now: number): DeploymentCondition => ({
  type: 'Progressing',
  ...say,
  lastUpdateTime: stamp(now),
  lastTransitionTime: stamp(now),
})

/** Pausing and resuming stop the clock, so that a resumed rollout has its whole deadline. */
export function pauseConditions(deployment: Deployment, now: number): List {
  const list = deployment.status?.conditions
  const current = condition(list, 'Progressing')
  if (deadlineOf(deployment) === undefined || current?.reason === 'ProgressDeadlineExceeded') return list
  const paused = current?.reason === 'DeploymentPaused'
  if (deployment.spec.paused === true && !paused)
    return withCondition(
      list,
      progressing({ status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }, now),
    )
  if (deployment.spec.paused !== true && paused)
    return withCondition(
      list,
      progressing({ status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' }, now),
    )
  return list
}

/** Tells that the new ReplicaSet was made or found. */
export function foundConditions(plan: Plan, list: List, now: number): List {
  const { deployment, current, created } = plan
  if (deadlineOf(deployment) === undefined || current === undefined) return list
  const name = JSON.stringify(current.metadata.name)
  if (created) {
    const message = `Created new replica set ${name}`
    return withCondition(list, progressing({ status: 'True', reason: 'NewReplicaSetCreated', message }, now))
  }
  if (condition(list, 'Progressing') !== undefined) return list
  const message = `Found new replica set ${name}`
  return withCondition(list, progressing({ status: 'True', reason: 'FoundNewReplicaSet', message }, now))
}

export function failedConditions(deployment: Deployment, list: List, what: Now & { readonly message: string }): List {
  if (deadlineOf(deployment) === undefined) return list
  const say = { status: 'False', reason: 'ReplicaSetCreateError', message: what.message }
  return withCondition(list, progressing(say, what.now))
}

export function countStatus(plan: Plan, list: List, now: number): DeploymentStatus {
  const { deployment, current } = plan
  const all = plan.all()
  const available = total(all, set => set.status?.availableReplicas ?? 0)
  const enough = available >= wanted(deployment) - maxUnavailable(deployment)
  const conditions = withCondition(list, {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
    lastUpdateTime: stamp(now),
    lastTransitionTime: stamp(now),
  })
  const collisions = deployment.status?.collisionCount
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: total(all, set => set.status?.replicas ?? 0),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total(all, set => set.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, total(all, sizeOf) - available),
    terminatingReplicas: total(all, set => set.status?.terminatingReplicas ?? 0),
    conditions,
    ...(collisions === undefined ? {} : { collisionCount: collisions }),
  }
}

export const isComplete = (deployment: Deployment, status: DeploymentStatus | undefined): boolean =>
  status?.updatedReplicas === wanted(deployment) &&
  status.replicas === wanted(deployment) &&
  status.availableReplicas === wanted(deployment) &&
  (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)

function hasMoved(old: DeploymentStatus | undefined, next: DeploymentStatus): boolean {
  const outdated = (status: DeploymentStatus | undefined): number =>
    (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0)
  return (
    (next.updatedReplicas ?? 0) > (old?.updatedReplicas ?? 0) ||
    outdated(next) < outdated(old) ||
    (next.readyReplicas ?? 0) > (old?.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (old?.availableReplicas ?? 0)
  )
}

/** The status of a rollout under way: counts, and what became of its progress. */
export function rolloutStatus(plan: Plan, list: List, now: number): DeploymentStatus {
  const { deployment } = plan
  const status = countStatus(plan, list, now)
  const current = condition(list, 'Progressing')
  const done = status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable'
  let conditions: List = status.conditions
  if (deadlineOf(deployment) === undefined) conditions = without(conditions, 'Progressing')
  else if (!done) conditions = progressConditions(plan, { ...status }, now)
  const failure = replicaFailure(plan)
  conditions = failure === undefined ? without(conditions, 'ReplicaFailure') : withCondition(conditions, failure)
  return { ...status, conditions }
}

function progressConditions(plan: Plan, status: DeploymentStatus, now: number): List {
  const { deployment } = plan
  const list = status.conditions
  const current = condition(list, 'Progressing')
  const name = plan.current?.metadata.name ?? deployment.metadata.name
  const subject = `${plan.current === undefined ? 'Deployment' : 'ReplicaSet'} ${JSON.stringify(name)}`
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`
    return withCondition(list, progressing({ status: 'True', reason: 'NewReplicaSetAvailable', message }, now))
  }
  if (hasMoved(deployment.status, status)) {
    const next = progressing(
      { status: 'True', reason: 'ReplicaSetUpdated', message: `${subject} is progressing.` },
      now,
    )
    const since = current?.status === 'True' ? current.lastTransitionTime : undefined
    // Replaced even where status and reason stay: the time of the last progress is what the deadline counts from.
    return [...without(list, 'Progressing'), since === undefined ? next : { ...next, lastTransitionTime: since }]
  }
  if (!timedOut(deployment, current, now)) return list
  const message = `${subject} has timed out progressing.`
  return withCondition(list, progressing({ status: 'False', reason: 'ProgressDeadlineExceeded', message }, now))
}

function timedOut(deployment: Deployment, current: DeploymentCondition | undefined, now: number): boolean {
  const deadline = deadlineOf(deployment)
  if (deadline === undefined || current === undefined || current.reason === 'NewReplicaSetAvailable') return false
  return current.reason === 'ProgressDeadlineExceeded' || at(current.lastUpdateTime) + deadline * 1000 < now
}

function replicaFailure({ current, old }: Plan): DeploymentCondition | undefined {
  const of = (set: ReplicaSet | undefined) => condition(set?.status?.conditions, 'ReplicaFailure')
  const found = of(current) ?? old.map(of).find(one => one !== undefined)
  return found?.lastTransitionTime === undefined ? found : { ...found, lastUpdateTime: found.lastTransitionTime }
}

/** Milliseconds until the progress deadline has to be looked at; undefined when it does not matter. */
export function deadlineCheck(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const deadline = deadlineOf(deployment)
  const current = condition(status.conditions, 'Progressing')
  if (deadline === undefined || current === undefined || isComplete(deployment, status)) return undefined
  if (current.reason === 'ProgressDeadlineExceeded' || current.reason === 'NewReplicaSetAvailable') return undefined
  return Math.max(1000, at(current.lastUpdateTime) + deadline * 1000 - now + 1000)
}
