/** How many replicas a rollout may have at every moment. */
import type { Deployment, ReplicaSet } from '#kinds/facts/generated/types/apps_v1.ts'

export const wanted = (deployment: Deployment): number => deployment.spec.replicas ?? 1
export const sizeOf = (set: ReplicaSet): number => set.spec.replicas ?? 1
export const total = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number): number =>
  sets.reduce((sum, set) => sum + of(set), 0)

export const isRolling = (deployment: Deployment): boolean => deployment.spec.strategy?.type !== 'Recreate'

/** A number, or a percentage of `of`. */
export function scaled(value: string | number | undefined, of: number, round: (x: number) => number): number {
  if (value === undefined) return 0
  if (typeof value === 'number') return value
  const percent = /^(\d+)%$/.exec(value)
  return percent === null ? 0 : round((Number(percent[1]) * of) / 100)
}

/** Both zero would never move: one replica may then be missing. */
function bounds(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {}
  const surge = scaled(maxSurge, wanted(deployment), Math.ceil)
  const unavailable = scaled(maxUnavailable, wanted(deployment), Math.floor)
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

export const maxSurge = (deployment: Deployment): number => (isRolling(deployment) ? bounds(deployment).surge : 0)

export const maxUnavailable = (deployment: Deployment): number =>
  !isRolling(deployment) || wanted(deployment) === 0 ? 0 : Math.min(bounds(deployment).unavailable, wanted(deployment))

export const minAvailable = (deployment: Deployment): number => wanted(deployment) - maxUnavailable(deployment)

/** The size that the new ReplicaSet may grow to now. */
export function newSize(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const most = wanted(deployment)
  if (!isRolling(deployment)) return most
  const surge = scaled(deployment.spec.strategy?.rollingUpdate?.maxSurge, most, Math.ceil)
  const room = most + surge - total(all, sizeOf)
  return room <= 0 ? current : current + Math.min(room, most - current)
}
