import { age, name, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { Place } from '../place.ts'
import { claimWarnings } from './claimWarnings.ts'
import { validateClaim } from './volumeChecks.ts'
import { fill, owned } from '../fill.ts'
import { claimDefaults } from './claimDefaults.ts'
import { withBothSources } from './claimSources.ts'
import type { PersistentVolumeClaim as Object } from '#kinds/facts/generated/types/core_v1.ts'
import { persistentVolumeClaims } from '#kinds/facts/generated/refs.ts'
import { accessModes, classAnnotation } from './volumes.ts'

type Status = NonNullable<Object['status']>

export const PersistentVolumeClaim = defineKind(persistentVolumeClaims, {
  shortNames: ['pvc'],
  status: true,
  unconditionalUpdate: true,
  returnsDeleted: true,
  defaults: claim => {
    claim.spec = owned(claimDefaults(claim.spec ?? {}))
    claim.status = owned(fill<Status>(claim.status ?? {}, { phase: 'Pending' }))
  },
  prepare: (claim, { subresource }) => {
    if (subresource === '') claim.spec = owned(withBothSources(claim.spec))
  },
  validate: validateClaim,
  warnings: ({ metadata, spec }) => {
    const texts: string[] = []
    if (metadata.annotations?.[classAnnotation] !== undefined)
      texts.push(
        `metadata.annotations[${classAnnotation}]: deprecated since v1.8; use "storageClassName" attribute instead`,
      )
    claimWarnings(new Place('spec'), spec, (place, text) => void texts.push(`${place.path()}: ${text}`))
    return texts
  },
  columns: [
    name,
    text('Status', claim =>
      claim.metadata.deletionTimestamp === undefined ? (claim.status?.phase ?? '') : 'Terminating',
    ),
    text('Volume', claim => claim.spec.volumeName ?? ''),
    text('Capacity', claim => (claim.spec.volumeName ? (claim.status?.capacity?.['storage'] ?? '0') : '')),
    text('Access Modes', claim => (claim.spec.volumeName ? accessModes(claim.status?.accessModes) : '')),
    text('StorageClass', claim => claim.metadata.annotations?.[classAnnotation] ?? claim.spec.storageClassName ?? ''),
    text('VolumeAttributesClass', claim => claim.spec.volumeAttributesClassName ?? '<unset>'),
    age,
    wide(text('VolumeMode', claim => claim.spec.volumeMode ?? '<unset>')),
  ],
})
