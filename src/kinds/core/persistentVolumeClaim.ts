import { age, name, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { persistentVolumeClaims } from '#kinds/facts/generated/refs.ts'
import { accessModes, classAnnotation } from './volumes.ts'

export const PersistentVolumeClaim = defineKind(persistentVolumeClaims, {
  shortNames: ['pvc'],
  status: true,
  unconditionalUpdate: true,
  returnsDeleted: true,
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
