/** Keeps a number of pods of one template: ReplicaSets and ReplicationControllers, which differ in shape alone. */
import type { Pod, PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { pods } from '#kinds/facts/generated/refs.ts'
import { type KObject, type ResourceRef, controllerOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { type Selector, matches } from '#api/selector.ts'
import {
  type Controller,
  type Decision,
  type Input,
  type Refused,
  type Rule,
  type Write,
  nothing,
  selfKey,
} from '#client/controller.ts'
import { type Condition, condition, stamp, withCondition, without } from './conditions.ts'
import { sameStatus } from './equal.ts'
import { claim, controlledBy, controllerIndex, controllerRef, orphansIn, ownerKeys } from './owners.ts'
import { updateStatus } from './writes.ts'
import { deletionOrder, isActive, isReady, isTerminating, podFrom, untilAvailable } from './pods.ts'

export interface ReplicaStatus {
  readonly replicas: number
  readonly fullyLabeledReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly terminatingReplicas?: number
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
}

export interface Replicated extends KObject {
  readonly spec: { readonly replicas?: number; readonly minReadySeconds?: number; readonly template?: PodTemplateSpec }
  readonly status?: ReplicaStatus
}

export interface ReplicaKind<O extends Replicated> {
  readonly ref: ResourceRef<O>
  readonly name: string
  readonly rules: readonly Rule[]
  readonly selector: (object: KObject) => Selector | undefined
  readonly countsTerminating: boolean
}

const burst = 500

export function replicaController<O extends Replicated>(kind: ReplicaKind<O>): Controller {
  return {
    name: kind.name,
    component: kind.name,
    watches: [
      { ref: kind.ref, keys: selfKey },
      { ref: pods, keys: ownerKeys(kind.ref, kind.selector) },
    ],
    indexes: [controllerIndex(pods), controllerIndex(kind.ref)],
    rules: kind.rules,
    decide: (key, input) => decide(kind, key, input),
  }
}

function decide<O extends Replicated>(kind: ReplicaKind<O>, key: string, input: Input<unknown>): Decision {
  const { read, asked, now, refused } = input
  const owner = read.get(kind.ref, key)
  const selector = owner === undefined ? undefined : kind.selector(owner)
  if (owner === undefined || selector === undefined || owner.metadata.namespace === undefined) return nothing
  const own = controlledBy(read, pods, owner)
  const orphans = orphansIn(read, pods, owner.metadata.namespace)
  const what = { ref: pods, ownerRef: kind.ref, owner, selector }
  const { claimed, writes: claims, ask } = claim(what, [...own, ...orphans].filter(isActive), asked)
  if (ask.length > 0) return { writes: [], ask }
  const terminating = kind.countsTerminating
    ? own.filter(pod => isTerminating(pod) && matches(selector, pod.metadata.labels)).length
    : undefined
  const deleting = owner.metadata.deletionTimestamp !== undefined
  const scaling = deleting ? [] : scale(kind, owner, { read, now, pods: claimed })
  const next = status(owner, { pods: claimed, terminating, refused, now })
  const update: readonly Write[] = sameStatus(next, owner.status)
    ? []
    : [updateStatus(kind.ref, { ...owner, status: next })]
  // After a refusal the status goes first: it must say why, even if the next attempt is refused as well.
  const groups = refused.length > 0 ? [claims, update, scaling] : [claims, scaling, update]
  const waits = claimed.map(pod => untilAvailable(pod, owner.spec.minReadySeconds ?? 0, now)).filter(wait => wait > 0)
  const again = Math.min(...waits)
  return { writes: groups.filter(group => group.length > 0), ...(Number.isFinite(again) ? { again } : {}) }
}

interface Scaling {
  readonly read: Reader
  readonly now: number
  readonly pods: readonly Pod[]
}

function scale<O extends Replicated>(kind: ReplicaKind<O>, owner: O, have: Scaling): readonly Write[] {
  const { template, replicas = 1 } = owner.spec
  const missing = replicas - have.pods.length
  if (missing > 0 && template !== undefined) {
    const body = podFrom(template, controllerRef(kind.ref, owner), owner.metadata.namespace ?? '')
    return Array.from({ length: Math.min(missing, burst) }, () => creation(owner, body))
  }
  if (missing >= 0) return []
  const crowd = crowding(kind, owner, have.read)
  const order = [...have.pods].sort(deletionOrder(crowd, have.now))
  return order.slice(0, Math.min(-missing, burst)).map(pod => deletion(owner, pod))
}

export const creation = (owner: KObject, body: Pod): Write => ({
  op: 'create',
  ref: pods,
  body,
  says: { about: owner, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: {name}' },
  fails: { about: owner, type: 'Warning', reason: 'FailedCreate', message: 'Error creating: {error}' },
})

export const deletion = (owner: KObject, pod: Pod): Write => ({
  op: 'delete',
  ref: pods,
  key: `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`,
  ...(pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }),
  says: {
    about: owner,
    type: 'Normal',
    reason: 'SuccessfulDelete',
    message: `Deleted pod: ${pod.metadata.name ?? ''}`,
  },
  fails: { about: owner, type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
})

/** Counts, by node, active pods of every owner that has the same controller as this one. */
function crowding<O extends Replicated>(kind: ReplicaKind<O>, owner: O, read: Reader): (pod: Pod) => number {
  const controller = controllerOf(owner)
  const siblings =
    controller === undefined
      ? [owner]
      : read
          .byIndex(kind.ref, 'controller', controller.uid)
          .filter(one => one.metadata.namespace === owner.metadata.namespace)
  const counts = new Map<string, number>()
  for (const sibling of siblings)
    for (const pod of controlledBy(read, pods, sibling).filter(isActive))
      counts.set(pod.spec.nodeName ?? '', (counts.get(pod.spec.nodeName ?? '') ?? 0) + 1)
  return pod => counts.get(pod.spec.nodeName ?? '') ?? 0
}

interface Counted {
  readonly pods: readonly Pod[]
  readonly terminating: number | undefined
  readonly refused: readonly Refused[]
  readonly now: number
}

function status(owner: Replicated, { pods: active, terminating, refused, now }: Counted): ReplicaStatus {
  const labels = Object.entries(owner.spec.template?.metadata?.labels ?? {})
  const ready = active.filter(isReady)
  const seconds = owner.spec.minReadySeconds ?? 0
  const conditions = failure(owner, { missing: (owner.spec.replicas ?? 1) - active.length, refused, now })
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter(pod => labels.every(([key, value]) => pod.metadata.labels?.[key] === value))
      .length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter(pod => untilAvailable(pod, seconds, now) === 0).length,
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    observedGeneration: owner.metadata.generation ?? 0,
    ...(conditions.length === 0 ? {} : { conditions }),
  }
}

const failing = 'ReplicaFailure'

interface Trouble {
  readonly missing: number
  readonly refused: readonly Refused[]
  readonly now: number
}

function failure(owner: Replicated, { missing, refused, now }: Trouble): readonly Condition[] {
  const list = owner.status?.conditions
  const error = refused.find(one => one.write.ref.resource === 'pods' && one.write.op !== 'patch')?.error
  if (error === undefined) return without(list, failing)
  if (condition(list, failing) !== undefined || missing === 0) return list ?? []
  return withCondition(list, {
    type: failing,
    status: 'True',
    lastTransitionTime: stamp(now),
    reason: missing > 0 ? 'FailedCreate' : 'FailedDelete',
    message: error.message,
  })
}
