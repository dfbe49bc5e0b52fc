/** What may change in a pod that exists. */
import { equal } from '#base/equal.ts'
import type {
  Container,
  NodeAffinity,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Toleration,
} from '#kinds/facts/generated/types/core_v1.ts'
import { without } from '../../../fill.ts'
import type { Place } from '../../../place.ts'
import { checkImageText } from './containers.ts'

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

/** @returns whether it makes sense to look further. */
function checkContainerList(list: Place, next: readonly Container[], old: readonly Container[]): boolean {
  if (next.length !== old.length) {
    list.forbidden('pod updates may not add or remove containers')
    return false
  }
  list.each(next, (container, place) => {
    if (!container.image) place.at('image').required()
    checkImageText(place, container)
  })
  return true
}

const longest = 2 ** 31 - 1

function checkDeadline(place: Place, next: number | undefined, old: number | undefined): boolean {
  if (next === undefined) {
    if (old !== undefined) place.invalid(null, 'must not update from a positive integer to nil value')
    return true
  }
  if (next < 0 || next > longest) place.invalid(next, `must be between 0 and ${longest}, inclusive`)
  else if (old !== undefined && old < next) place.invalid(next, 'must be less than or equal to previous value')
  else return true
  return false
}

/** All of it but its seconds. */
const timeless = ({ key, operator, value, effect }: Toleration): string =>
  JSON.stringify([key ?? '', operator ?? '', value ?? '', effect ?? ''])

function checkTolerationsKept(place: Place, next: readonly Toleration[], old: readonly Toleration[]): void {
  const kept = new Set(next.map(timeless))
  if (!old.every(one => kept.has(timeless(one))))
    place.forbidden('existing toleration can not be modified except its tolerationSeconds')
}

function checkGatesOnlyGo(place: Place, next: PodSpec['schedulingGates'], old: PodSpec['schedulingGates'] = []): void {
  const had = new Set(old.map(gate => gate.name))
  place.each(next, ({ name }, at) => {
    if (!had.has(name)) at.at('name').forbidden(`only deletion is allowed, but found new scheduling gate '${name}'`)
  })
}

const startsWith = (next: readonly unknown[] = [], old: readonly unknown[] = []): boolean =>
  old.length <= next.length && equal(next.slice(0, old.length), old)

function onlyGrows(next: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const size = (term: NodeSelectorTerm): number =>
    (term.matchExpressions?.length ?? 0) + (term.matchFields?.length ?? 0)
  if (size(old) === 0 && size(next) > 0) return false
  return startsWith(next.matchExpressions, old.matchExpressions) && startsWith(next.matchFields, old.matchFields)
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution'

function checkNodeAffinityGrows(place: Place, next: NodeAffinity | undefined, old: NodeAffinity | undefined): void {
  const before = old?.[required]?.nodeSelectorTerms ?? []
  const terms = next?.[required]?.nodeSelectorTerms ?? []
  const list = place.at(required).at('nodeSelectorTerms')
  if (before.length === 0) return
  if (before.length !== terms.length)
    return list.invalid(terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')
  list.each(terms, (term, at) => {
    const was = before[terms.indexOf(term)]
    if (was !== undefined && !onlyGrows(term, was))
      at.invalid(term, 'only additions are allowed (no mutations or deletions)')
  })
  return undefined
}

/** A pod that waits at a gate may still be told more precisely where to go. */
function checkGated(place: Place, next: PodSpec, old: PodSpec): PodSpec {
  if ((old.schedulingGates?.length ?? 0) === 0) return next
  const { nodeSelector = {} } = next
  if (Object.entries(old.nodeSelector ?? {}).some(([key, value]) => nodeSelector[key] !== value))
    place
      .at('nodeSelector')
      .invalid(nodeSelector, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)')
  checkNodeAffinityGrows(place.at('affinity.nodeAffinity'), next.affinity?.nodeAffinity, old.affinity?.nodeAffinity)
  const { nodeAffinity: _new, ...others } = next.affinity ?? {}
  const nodeAffinity = old.affinity?.nodeAffinity
  const affinity = nodeAffinity === undefined ? others : { ...others, nodeAffinity }
  const rest = without(next, 'nodeSelector', 'affinity')
  return {
    ...rest,
    ...(old.nodeSelector === undefined ? {} : { nodeSelector: old.nodeSelector }),
    ...(Object.keys(affinity).length === 0 ? {} : { affinity }),
  }
}

const withImages = (next: readonly Container[], old: readonly Container[]): readonly Container[] =>
  next.map((container, at) => {
    const image = old[at]?.image
    return image === undefined ? container : { ...container, image }
  })

type Key = keyof PodSpec
const free: readonly Key[] = ['activeDeadlineSeconds', 'schedulingGates', 'tolerations']

/** The new spec with everything that may change as it was. */
function munged(place: Place, next: PodSpec, old: PodSpec): PodSpec {
  const gated = checkGated(place, next, old)
  const grace =
    (old.terminationGracePeriodSeconds ?? 0) < 0 && next.terminationGracePeriodSeconds === 1
      ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds ?? 0 }
      : {}
  return {
    ...without(gated, ...free),
    ...Object.fromEntries(free.flatMap(key => (old[key] === undefined ? [] : [[key, old[key]]]))),
    containers: withImages(gated.containers, old.containers),
    ...(gated.initContainers === undefined
      ? {}
      : { initContainers: withImages(gated.initContainers, old.initContainers ?? []) }),
    ...grace,
  }
}

const differing = (next: object, old: object): readonly string[] =>
  [...new Set([...Object.keys(next), ...Object.keys(old)])]
    .filter(key => !equal(Reflect.get(next, key), Reflect.get(old, key)))
    .sort()

export function checkPodUpdate(place: Place, next: PodSpec, old: PodSpec): void {
  if (next === old) return
  if (!checkContainerList(place.at('containers'), next.containers, old.containers)) return
  if (!checkContainerList(place.at('initContainers'), next.initContainers ?? [], old.initContainers ?? [])) return
  if (!checkDeadline(place.at('activeDeadlineSeconds'), next.activeDeadlineSeconds, old.activeDeadlineSeconds)) return
  checkTolerationsKept(place.at('tolerations'), next.tolerations ?? [], old.tolerations ?? [])
  checkGatesOnlyGo(place.at('schedulingGates'), next.schedulingGates, old.schedulingGates)
  if (equal(next, old)) return
  const changed = differing(munged(place, next, old), old)
  if (changed.length > 0)
    place.forbidden(`pod updates may not change fields other than ${updatable}\nchanged: ${changed.join(', ')}`)
}

export function checkEphemeralUpdate(place: Place, next: PodSpec, old: PodSpec): void {
  const named = new Map((next.ephemeralContainers ?? []).map(one => [one.name, one]))
  for (const one of old.ephemeralContainers ?? []) {
    const now = named.get(one.name)
    const name = JSON.stringify(one.name)
    if (now === undefined) place.forbidden(`existing ephemeral containers ${name} may not be removed\n`)
    else if (!equal(now, one))
      place.forbidden(
        `existing ephemeral containers ${name} may not be changed\nchanged: ${differing(now, one).join(', ')}`,
      )
  }
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'
const mirror = 'kubernetes.io/config.mirror'

export function checkAnnotationUpdate(place: Place, next: Pod, old: Pod): void {
  const [now, before] = [next.metadata.annotations ?? {}, old.metadata.annotations ?? {}]
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (now[key] === before[key]) continue
    const verb = before[key] === undefined ? 'add' : 'remove or update'
    if (key.startsWith(appArmorPrefix)) place.key(key).forbidden(`may not ${verb} AppArmor annotations`)
    if (key === mirror) place.key(key).forbidden(`may not ${verb} mirror pod annotation`)
  }
}
