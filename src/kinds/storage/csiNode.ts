import { age, integer, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { csiNodes } from '#kinds/facts/generated/refs.ts'

export const CSINode = defineKind(csiNodes, {
  returnsDeleted: true,
  columns: [name, integer('Drivers', node => node.spec.drivers.length), age],
})
