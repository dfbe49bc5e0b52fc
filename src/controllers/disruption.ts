/** PodDisruptionBudgets: how many of their pods may be ended now. */
import { isTerminal } from '#kinds/facts/pods.ts'
import {
  daemonSets,
  deployments,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  statefulSets,
} from '#kinds/facts/generated/refs.ts'
import type { PodDisruptionBudget } from '#kinds/facts/generated/types/policy_v1.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, type ResourceRef, controllerOf, keyOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { fromLabelSelector, matches } from '#api/selector.ts'
import { type Controller, type Decision, type Input, type Watch, nothing, selfKey } from '#client/controller.ts'
import { at, condition, stamp } from './conditions.ts'
import { scaled } from './deployment/size.ts'
import { sameStatus } from './equal.ts'
import { ownerKey } from './owners.ts'
import { isDeleting, isReady } from './pods.ts'
import { eventWriter, reading, rule } from './rules.ts'
import { updateStatus } from './writes.ts'

/** Milliseconds after which an eviction that was allowed and did not happen no longer counts. */
const forgetAfter = 120_000

const covers = (budget: PodDisruptionBudget, pod: KObject): boolean => {
  const selector = fromLabelSelector(budget.spec?.selector)
  return selector !== undefined && matches(selector, pod.metadata.labels)
}

const budgetKeys: Watch['keys'] = ({ object, previous }, read) =>
  read
    .list(podDisruptionBudgets, object.metadata.namespace ?? '')
    .filter(budget => covers(budget, object) || (previous !== undefined && covers(budget, previous)))
    .map(keyOf)

export const disruption: Controller = {
  name: 'disruption-controller',
  component: 'controllermanager',
  watches: [
    { ref: podDisruptionBudgets, keys: selfKey },
    { ref: pods, keys: budgetKeys },
  ],
  reads: [replicaSets, deployments, statefulSets, replicationControllers, daemonSets],
  rules: [
    rule('policy', ['poddisruptionbudgets'], reading),
    rule('policy', ['poddisruptionbudgets/status'], ['update']),
    rule('apps', ['deployments', 'replicasets', 'statefulsets', 'daemonsets'], reading),
    rule('', ['pods', 'replicationcontrollers'], reading),
    eventWriter,
  ],
  decide,
}

interface Sized extends KObject {
  readonly spec: { readonly replicas?: number }
}

const sizeUnder = <O extends Sized>(
  read: Reader,
  ref: ResourceRef<O>,
  object: KObject,
): readonly [string, number] | undefined => {
  const key = ownerKey(object, ref)
  const owner = key === undefined ? undefined : read.get(ref, key)
  return owner === undefined ? undefined : [owner.metadata.uid ?? '', owner.spec.replicas ?? 1]
}

/** The controller that says how many there should be, and how many; undefined when no known one does. */
function scaleOf(read: Reader, pod: Pod): readonly [string, number] | undefined {
  const setKey = ownerKey(pod, replicaSets)
  const set = setKey === undefined ? undefined : read.get(replicaSets, setKey)
  const above = set === undefined ? undefined : sizeUnder(read, deployments, set)
  return (
    above ??
    sizeUnder(read, replicaSets, pod) ??
    sizeUnder(read, statefulSets, pod) ??
    sizeUnder(read, replicationControllers, pod)
  )
}

interface Wanted {
  readonly expected: number
  readonly healthy: number
}

/** @throws Error where a share is asked for of something that nobody sizes. */
function wanted({ spec }: PodDisruptionBudget, mine: readonly Pod[], read: Reader): Wanted {
  const { minAvailable, maxUnavailable } = spec ?? {}
  if (maxUnavailable === undefined && typeof minAvailable === 'number')
    return { expected: mine.length, healthy: minAvailable }
  const sizes = new Map<string, number>()
  for (const pod of mine) {
    if (controllerOf(pod) === undefined)
      throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`)
    const size = scaleOf(read, pod)
    if (size === undefined)
      throw new Error(`found no controller of a known size for pod ${JSON.stringify(pod.metadata.name)}`)
    sizes.set(...size)
  }
  const expected = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  if (maxUnavailable !== undefined)
    return { expected, healthy: Math.max(0, expected - scaled(maxUnavailable, expected, Math.ceil)) }
  return { expected, healthy: scaled(minAvailable, expected, Math.ceil) }
}

function decide(key: string, { read, now }: Input<unknown>): Decision {
  const budget = read.get(podDisruptionBudgets, key)
  if (budget === undefined) return nothing
  const mine = read.list(pods, budget.metadata.namespace ?? '').filter(pod => covers(budget, pod) && !isTerminal(pod))
  const evicted = Object.entries(budget.status?.disruptedPods ?? {}).filter(([name, time]) => {
    const pod = mine.find(one => one.metadata.name === name)
    return pod !== undefined && !isDeleting(pod) && at(time) + forgetAfter > now
  })
  const leaving = new Set(evicted.map(([name]) => name))
  const current = mine.filter(pod => isReady(pod) && !isDeleting(pod) && !leaving.has(pod.metadata.name ?? '')).length
  const result = compute(budget, mine, read)
  const allowed = mine.length === 0 || 'why' in result ? 0 : Math.max(0, current - result.healthy)
  const reason = 'why' in result ? 'SyncFailed' : allowed > 0 ? 'SufficientPods' : 'InsufficientPods'
  const status = {
    ...budget.status,
    observedGeneration: budget.metadata.generation ?? 0,
    disruptedPods: Object.fromEntries(evicted),
    disruptionsAllowed: allowed,
    currentHealthy: current,
    desiredHealthy: 'why' in result ? (budget.status?.desiredHealthy ?? 0) : result.healthy,
    expectedPods: 'why' in result ? (budget.status?.expectedPods ?? 0) : result.expected,
    conditions: [conditionOf(budget, { reason, message: 'why' in result ? result.why : '', now })],
  }
  const writes = sameStatus(status, budget.status) ? [] : [[updateStatus(podDisruptionBudgets, { ...budget, status })]]
  return { writes, ...(evicted.length > 0 ? { again: forgetAfter } : {}) }
}

function compute(budget: PodDisruptionBudget, mine: readonly Pod[], read: Reader): Wanted | { readonly why: string } {
  try {
    return wanted(budget, mine, read)
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) }
  }
}

function conditionOf(
  budget: PodDisruptionBudget,
  { reason, message, now }: { reason: string; message: string; now: number },
) {
  const type = 'DisruptionAllowed'
  const status = reason === 'SufficientPods' ? 'True' : 'False'
  const old = condition(budget.status?.conditions, type)
  const since = old?.status === status ? old.lastTransitionTime : stamp(now)
  return {
    type,
    status,
    reason,
    message,
    lastTransitionTime: since,
    observedGeneration: budget.metadata.generation ?? 0,
  }
}
