/** Checks of claims, wherever they stand: on their own, in stateful sets, in ephemeral volumes. */
import { dns1123Label, dns1123Subdomain } from '#api/names.ts'
import type { PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate } from '#kinds/facts/generated/types/core_v1.ts'
import { equal } from '#base/equal.ts'
import { checkAnnotations, checkLabels, checkSelector } from '../meta.ts'
import type { Place } from '../place.ts'
import { quantity } from './quantities.ts'

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
export const volumeModes = ['Block', 'Filesystem']

export function checkAccessModes(place: Place, modes: readonly string[] = []): void {
  if (modes.length === 0) place.required('at least 1 access mode is required')
  for (const mode of modes) if (!accessModes.includes(mode)) place.unsupported(mode, accessModes)
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    place.forbidden('may not use ReadWriteOncePod with other access modes')
}

type Source = NonNullable<PersistentVolumeClaimSpec['dataSourceRef']>

function checkSource(place: Place, { apiGroup = '', kind, name, namespace }: Source): void {
  if (!name) place.at('name').required()
  if (!kind) place.at('kind').required()
  if (apiGroup === '' && kind !== 'PersistentVolumeClaim')
    place.invalid(kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
  if (apiGroup !== '') place.at('apiGroup').format(apiGroup, dns1123Subdomain)
  if (namespace) place.at('namespace').format(namespace, dns1123Label)
}

function checkStorage(place: Place, spec: PersistentVolumeClaimSpec): void {
  const storage = spec.resources?.requests?.['storage']
  const at = place.at('resources').key('storage')
  if (storage === undefined) return at.required()
  if ((quantity(storage)?.nanos ?? 1n) <= 0n) at.invalid(storage, 'must be greater than zero')
  return undefined
}

const sameSource = (spec: PersistentVolumeClaimSpec): boolean => {
  const { namespace: _, ...ref } = spec.dataSourceRef ?? { kind: '', name: '' }
  return equal(spec.dataSource, ref)
}

function checkSources(place: Place, spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec
  if (dataSource !== undefined) checkSource(place.at('dataSource'), dataSource)
  if (dataSourceRef !== undefined) checkSource(place.at('dataSourceRef'), dataSourceRef)
  if (dataSourceRef?.namespace) {
    if (dataSource !== undefined) place.invalid({}, 'may not be specified when dataSourceRef.namespace is specified')
  } else if (dataSource !== undefined && dataSourceRef !== undefined && !sameSource(spec))
    place.invalid({}, 'must match dataSourceRef')
}

export function checkClaimSpec(place: Place, spec: PersistentVolumeClaimSpec): void {
  checkAccessModes(place.at('accessModes'), spec.accessModes)
  checkSelector(place.at('selector'), spec.selector)
  checkStorage(place, spec)
  const { storageClassName, volumeMode, volumeAttributesClassName } = spec
  if (storageClassName) place.at('storageClassName').format(storageClassName, dns1123Subdomain)
  if (volumeMode !== undefined && !volumeModes.includes(volumeMode))
    place.at('volumeMode').unsupported(volumeMode, volumeModes)
  checkSources(place, spec)
  if (volumeAttributesClassName)
    place.at('volumeAttributesClassName').format(volumeAttributesClassName, dns1123Subdomain)
}

const allowed: ReadonlySet<string> = new Set(['annotations', 'labels'])

export function checkClaimTemplate(place: Place, template: PersistentVolumeClaimTemplate): void {
  const { metadata = {}, spec } = template
  const at = place.at('metadata')
  checkAnnotations(at.at('annotations'), metadata.annotations)
  checkLabels(at.at('labels'), metadata.labels)
  for (const key of Object.keys(metadata)) if (!allowed.has(key)) at.at(key).forbidden('cannot be set')
  checkClaimSpec(place.at('spec'), spec)
}
