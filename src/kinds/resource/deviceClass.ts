import { age, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateClass } from './slices.ts'
import { deviceClasses } from '#kinds/facts/generated/refs.ts'

export const DeviceClass = defineKind(deviceClasses, {
  counted: true,
  unconditionalUpdate: true,
  returnsDeleted: true,
  validate: validateClass,
  columns: [name, age],
})
