/** What pods/resize may change: CPU and memory of the containers, and of the pod as a whole. */
import { equal } from '#base/equal.ts'
import type { Container, Pod, PodSpec, ResourceRequirements } from '#kinds/facts/generated/types/core_v1.ts'
import { put, without } from '../../fill.ts'
import type { Place } from '../../place.ts'
import { qosClass } from './qos.ts'

type Containers = readonly Container[] | undefined

/** The old containers with the new resources; the new ones where they are not the same containers. */
function merged(next: Containers, old: Containers): Containers {
  if (next === undefined || old === undefined) return next
  if (next.length !== old.length || next.some((one, at) => one.name !== old[at]?.name)) return next
  return old.map((one, at) => {
    const { resources, resizePolicy } = next[at] ?? one
    return {
      ...without(one, 'resources', 'resizePolicy'),
      ...(resources === undefined ? {} : { resources }),
      ...(resizePolicy === undefined ? {} : { resizePolicy }),
    }
  })
}

export function resized(next: PodSpec, old: PodSpec): PodSpec {
  const sameCount =
    next.containers.length === old.containers.length &&
    (next.initContainers?.length ?? 0) === (old.initContainers?.length ?? 0)
  if (!sameCount) return next
  const initContainers = merged(next.initContainers, old.initContainers)
  const spec: PodSpec = {
    ...without(old, 'resources', 'initContainers'),
    containers: merged(next.containers, old.containers) ?? [],
    ...(initContainers === undefined ? {} : { initContainers }),
  }
  return next.resources === undefined ? spec : put(spec, 'resources', next.resources)
}

function checkRemoved(place: Place, next: ResourceRequirements = {}, old: ResourceRequirements = {}): void {
  for (const list of ['requests', 'limits'] as const)
    if (Object.keys(old[list] ?? {}).some(name => next[list]?.[name] === undefined))
      place.at(list).forbidden(`resource ${list} cannot be removed`)
}

const scalable = (name: string): boolean => name === 'cpu' || name === 'memory'

/** The lists without what may change. */
const rest = (resources: ResourceRequirements = {}): unknown =>
  (['requests', 'limits'] as const).map(list =>
    Object.fromEntries(Object.entries(resources[list] ?? {}).filter(([name]) => !scalable(name))),
  )

const fixedPart = (container: Container): unknown => [without(container, 'resources'), rest(container.resources)]

const sameContainers = (next: Containers = [], old: Containers = []): boolean =>
  next.length === old.length && next.every((one, at) => one.name === old[at]?.name)

function checkLists(place: Place, next: PodSpec, old: PodSpec): boolean {
  for (const list of ['containers', 'initContainers'] as const) {
    const [now, before] = [next[list] ?? [], old[list] ?? []]
    if (now.length !== before.length) place.at(list).forbidden(`${list} may not be added or removed on resize`)
    else if (!sameContainers(now, before)) place.at(list).forbidden(`${list} may not be renamed or reordered on resize`)
    else continue
    return false
  }
  return true
}

export function checkResize(place: Place, pod: Pod, old: Pod): void {
  if (old.spec.os?.name === 'windows') return place.forbidden('windows pods cannot be resized')
  const [next, before] = [pod.spec, old.spec]
  if (qosClass(next) !== (old.status?.qosClass ?? qosClass(before)))
    place.invalid(old.status?.qosClass, 'Pod QOS Class may not change as a result of resizing')
  if (!checkLists(place, next, before)) return undefined
  for (const list of ['initContainers', 'containers'] as const)
    place.at(list).each(next[list], (container, at) => {
      const was = before[list]?.find(one => one.name === container.name)
      if (was === undefined) return
      const sidecar = container.restartPolicy === 'Always'
      if (list === 'containers' || sidecar) checkRemoved(at.at('resources'), container.resources, was.resources)
      else if (!equal(container, was)) return place.forbidden('resources for non-sidecar init containers are immutable')
      if (!equal(fixedPart(container), fixedPart(was))) place.forbidden('only cpu and memory resources are mutable')
    })
  return undefined
}
