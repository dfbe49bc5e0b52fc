import { age, markDefault, nameOf, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateStorageClass } from './validate.ts'
import { storageClasses } from '#kinds/facts/generated/refs.ts'

export const StorageClass = defineKind(storageClasses, {
  shortNames: ['sc'],
  unconditionalUpdate: true,
  returnsDeleted: true,
  defaults: object => {
    object.reclaimPolicy ??= 'Delete'
    object.volumeBindingMode ??= 'Immediate'
  },
  validate: validateStorageClass,
  columns: [
    nameOf(object => markDefault(object, 'storageclass.kubernetes.io/is-default-class')),
    text('Provisioner', object => object.provisioner),
    text('ReclaimPolicy', object => object.reclaimPolicy ?? 'Delete'),
    text('VolumeBindingMode', object => object.volumeBindingMode ?? 'Immediate'),
    text('AllowVolumeExpansion', object => object.allowVolumeExpansion ?? false),
    age,
  ],
})
