import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateAttributesClass } from './validate.ts'
import { volumeAttributesClasses } from '#kinds/facts/generated/refs.ts'

export const VolumeAttributesClass = defineKind(volumeAttributesClasses, {
  shortNames: ['vac'],
  unconditionalUpdate: true,
  returnsDeleted: true,
  validate: validateAttributesClass,
  columns: [name, text('DriverName', object => object.driverName), age],
})
