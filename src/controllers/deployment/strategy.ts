/** Moves a rollout one step: rolling update, recreate, or scaling in proportion. */
import type { Deployment, ReplicaSet } from '#kinds/facts/generated/types/apps_v1.ts'
import { desiredOf, maxOf } from './annotations.ts'
import type { Plan } from './plan.ts'
import { isRolling, maxSurge, minAvailable, newSize, sizeOf, total, wanted } from './size.ts'
import { byCreation } from './template.ts'

const available = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0

/** Grows the new ReplicaSet as far as surge allows; when that cannot be, shrinks the old ones as far as availability allows. */
export function roll(plan: Plan): void {
  const { deployment } = plan
  if (plan.current === undefined) {
    plan.create()
    return
  }
  if (sizeOf(plan.current) !== wanted(deployment)) {
    const size = sizeOf(plan.current)
    const next = size > wanted(deployment) ? wanted(deployment) : newSize(deployment, plan.all(), size)
    if (plan.resize(plan.current, next)) return
  }
  shrinkOld(plan, plan.current)
}

function shrinkOld(plan: Plan, current: ReplicaSet): void {
  const { deployment } = plan
  const unavailableNew = sizeOf(current) - available(current)
  const most = plan.totalSize() - minAvailable(deployment) - unavailableNew
  if (total(plan.old, sizeOf) === 0 || most <= 0) return
  // Unhealthy replicas go first: they serve nobody and would hold the rollout up.
  let unhealthy = 0
  for (const set of plan.activeOld()) {
    const cut = Math.min(most - unhealthy, sizeOf(set) - available(set))
    if (cut <= 0) continue
    plan.resize(set, sizeOf(set) - cut)
    unhealthy += cut
  }
  let room = total(plan.all(), available) - minAvailable(deployment)
  for (const set of byCreation(plan.activeOld())) {
    if (room <= 0) return
    const cut = Math.min(sizeOf(set), room)
    plan.resize(set, sizeOf(set) - cut)
    room -= cut
  }
}

/** First nothing of the old may run, then everything new is made. `runs` tells whether pods of other ReplicaSets do. */
export function recreate(plan: Plan, runs: () => boolean): void {
  const old = plan.activeOld()
  for (const set of old) plan.resize(set, 0)
  if (old.length > 0 || total(plan.old, set => set.status?.replicas ?? 0) > 0 || runs()) return
  if (plan.current === undefined) plan.create()
  else plan.resize(plan.current, wanted(plan.deployment))
}

/** The replicas asked for are others than those that the ReplicaSets were last sized for. */
export const isScaling = (plan: Plan): boolean =>
  plan.all().some(set => sizeOf(set) > 0 && (desiredOf(set) ?? wanted(plan.deployment)) !== wanted(plan.deployment))

function onlyActive(plan: Plan): ReplicaSet | undefined {
  const active = plan.all().filter(set => sizeOf(set) > 0)
  if (active.length > 1) return undefined
  return active[0] ?? plan.current ?? byCreation(plan.old).at(-1)
}

const saturated = (deployment: Deployment, set: ReplicaSet | undefined): boolean =>
  set !== undefined &&
  sizeOf(set) === wanted(deployment) &&
  desiredOf(set) === wanted(deployment) &&
  available(set) === wanted(deployment)

/** Sizes all ReplicaSets to a new number of replicas without moving the rollout. */
export function rescale(plan: Plan): void {
  const { deployment } = plan
  const single = onlyActive(plan)
  if (single !== undefined) {
    plan.resize(single, wanted(deployment))
    return
  }
  if (saturated(deployment, plan.current)) {
    for (const set of plan.activeOld()) plan.resize(set, 0)
    return
  }
  if (isRolling(deployment)) proportional(plan)
}

function proportional(plan: Plan): void {
  const { deployment } = plan
  const sets = plan.all().filter(set => sizeOf(set) > 0)
  const allowed = wanted(deployment) > 0 ? wanted(deployment) + maxSurge(deployment) : 0
  const toAdd = allowed - total(sets, sizeOf)
  // The largest get what rounding leaves; of equals the newest when growing, the oldest when shrinking.
  const ages = byCreation(sets)
  const order = (toAdd > 0 ? ages.toReversed() : ages).toSorted((a, b) => sizeOf(b) - sizeOf(a))
  let added = 0
  const sizes = order.map(set => {
    const part = share(deployment, set, toAdd)
    const taken = toAdd > 0 ? Math.min(part, toAdd - added) : Math.max(part, toAdd - added)
    added += toAdd === 0 ? 0 : taken
    return sizeOf(set) + (toAdd === 0 ? 0 : taken)
  })
  order.forEach((set, index) => {
    const size = (sizes[index] ?? 0) + (index === 0 ? toAdd - added : 0)
    plan.resize(set, Math.max(0, size), true)
  })
}

/** What this ReplicaSet would gain or lose if it kept its share of the whole. */
function share(deployment: Deployment, set: ReplicaSet, toAdd: number): number {
  if (toAdd === 0) return 0
  if (wanted(deployment) === 0) return -sizeOf(set)
  const before = maxOf(set) || (deployment.status?.replicas ?? 0)
  if (before === 0) return 0
  return Math.round((sizeOf(set) * (wanted(deployment) + maxSurge(deployment))) / before) - sizeOf(set)
}
