/** Which updates of a pod can change what it may do: another image, or another container. Nothing else of it can be changed. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { AnyContainer } from './checks/check.ts'

type Containers = readonly AnyContainer[] | undefined

const hasOthers = (now: Containers = [], before: Containers = []): boolean =>
  now.length !== before.length || now.some((one, at) => one.image !== before[at]?.image)

function hasMore(now: Containers, before: Containers = []): boolean {
  if (now === undefined || now.length === 0) return false
  const images = new Map(before.map(one => [one.name, one.image]))
  return now.some(one => !images.has(one.name) || images.get(one.name) !== one.image)
}

export const isSignificant = ({ spec: now }: Pick<Pod, 'spec'>, { spec: before }: Pick<Pod, 'spec'>): boolean =>
  hasOthers(now.containers, before.containers) ||
  hasOthers(now.initContainers, before.initContainers) ||
  hasMore(now.ephemeralContainers, before.ephemeralContainers)
