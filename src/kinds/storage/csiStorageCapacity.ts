import { name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateCapacity } from './validate.ts'
import { csiStorageCapacities } from '#kinds/facts/generated/refs.ts'

export const CSIStorageCapacity = defineKind(csiStorageCapacities, {
  validate: validateCapacity,
  columns: [
    name,
    text('StorageClassName', object => object.storageClassName),
    text('Capacity', object => object.capacity ?? '<unset>'),
  ],
})
