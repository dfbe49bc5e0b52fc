import { age, name, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateVolume } from './volumeChecks.ts'
import { fill, owned } from '../fill.ts'
import type { PersistentVolume as Object } from '#kinds/facts/generated/types/core_v1.ts'
import { prepareVolume } from './volumePhase.ts'
import { persistentVolumes } from '#kinds/facts/generated/refs.ts'
import { accessModes, classAnnotation } from './volumes.ts'

type Spec = Object['spec']
type Status = NonNullable<Object['status']>

export const PersistentVolume = defineKind(persistentVolumes, {
  shortNames: ['pv'],
  status: true,
  unconditionalUpdate: true,
  returnsDeleted: true,
  defaults: volume => {
    volume.spec = owned(
      fill<Spec>(volume.spec ?? {}, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }),
    )
    volume.status = owned(fill<Status>(volume.status ?? {}, { phase: 'Pending' }))
  },
  prepare: prepareVolume,
  validate: validateVolume,
  warnings: ({ metadata, spec }) => [
    ...(metadata.annotations?.[classAnnotation] === undefined
      ? []
      : [`metadata.annotations[${classAnnotation}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        ]
      : []),
  ],
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
