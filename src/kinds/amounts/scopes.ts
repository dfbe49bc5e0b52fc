/** Which objects a quota looks at. */
import type {
  PersistentVolumeClaim,
  Pod,
  PodAffinityTerm,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from '#kinds/facts/generated/types/core_v1.ts'
import type { KObject } from '#api/metadata.ts'

export const isPod = (object: KObject): object is Pod => object.kind === 'Pod'
export const isClaim = (object: KObject): object is PersistentVolumeClaim => object.kind === 'PersistentVolumeClaim'

const unspecified = (list: Readonly<Record<string, string>> | undefined): boolean =>
  list?.['cpu'] === undefined && list?.['memory'] === undefined

const bestEffort = ({ spec }: Pod): boolean =>
  [spec, ...spec.containers, ...(spec.initContainers ?? [])].every(({ resources }) =>
    [resources?.requests, resources?.limits].every(unspecified),
  )

/** Both activeDeadlineSeconds and what counts by it. */
export const hasDeadline = ({ spec }: Pod): boolean => spec.activeDeadlineSeconds !== undefined

function reachesOut({ spec: { affinity } }: Pod): boolean {
  const terms: readonly PodAffinityTerm[] = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap(side => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(one => one.podAffinityTerm),
  ])
  return terms.some(term => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined)
}

/** Whether one of the names that an object has, or its having none, meets the requirement. */
function meets({ operator, values = [] }: ScopedResourceSelectorRequirement, names: readonly string[]): boolean {
  if (operator === 'Exists') return names.length > 0
  if (operator === 'DoesNotExist') return names.length === 0
  if (operator === 'In') return names.some(name => values.includes(name))
  return names.length === 0 || names.some(name => !values.includes(name))
}

const some = (...names: readonly (string | undefined)[]): readonly string[] =>
  names.filter((name): name is string => name !== undefined && name !== '')

/** All classes of attributes that a claim has, is getting or had. */
export const attributeClasses = ({ spec, status }: PersistentVolumeClaim): readonly string[] =>
  some(
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  )

function podInScope(pod: Pod, scope: ScopedResourceSelectorRequirement): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return hasDeadline(pod)
    case 'NotTerminating':
      return !hasDeadline(pod)
    case 'BestEffort':
      return bestEffort(pod)
    case 'NotBestEffort':
      return !bestEffort(pod)
    case 'PriorityClass':
      return meets(scope, some(pod.spec.priorityClassName))
    case 'CrossNamespacePodAffinity':
      return reachesOut(pod)
    default:
      return false
  }
}

function inScope(object: KObject, scope: ScopedResourceSelectorRequirement): boolean {
  if (isPod(object)) return podInScope(object, scope)
  return isClaim(object) && scope.scopeName === 'VolumeAttributesClass' && meets(scope, attributeClasses(object))
}

/** Whether all scopes of the quota hold for the object. Without scopes they do. */
export function covers({ spec }: ResourceQuota, object: KObject): boolean {
  const scopes = [
    ...(spec?.scopes ?? []).map(scopeName => ({ scopeName, operator: 'Exists' as const })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ]
  return scopes.every(scope => inScope(object, scope))
}
