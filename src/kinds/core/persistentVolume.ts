import { age, name, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { persistentVolumes } from '#kinds/facts/generated/refs.ts'
import { accessModes, classAnnotation } from './volumes.ts'

export const PersistentVolume = defineKind(persistentVolumes, {
  shortNames: ['pv'],
  status: true,
  unconditionalUpdate: true,
  returnsDeleted: true,
  columns: [
    name,
    text('Capacity', volume => volume.spec.capacity?.['storage'] ?? '0'),
    text('Access Modes', volume => accessModes(volume.spec.accessModes)),
    text('Reclaim Policy', volume => volume.spec.persistentVolumeReclaimPolicy ?? ''),
    text('Status', volume =>
      volume.metadata.deletionTimestamp === undefined ? (volume.status?.phase ?? '') : 'Terminating',
    ),
    text('Claim', ({ spec: { claimRef } }) =>
      claimRef === undefined ? '' : `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`,
    ),
    text(
      'StorageClass',
      volume => volume.metadata.annotations?.[classAnnotation] ?? volume.spec.storageClassName ?? '',
    ),
    text('VolumeAttributesClass', volume => volume.spec.volumeAttributesClassName ?? '<unset>'),
    text('Reason', volume => volume.status?.reason ?? ''),
    age,
    wide(text('VolumeMode', volume => volume.spec.volumeMode ?? '<unset>')),
  ],
})
