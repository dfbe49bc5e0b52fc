import { age, integer, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { csiNodes } from '#kinds/facts/generated/refs.ts'

export const CSINode = defineKind(csiNodes, {
  returnsDeleted: true,
  defaults: node => {
    if (node.spec?.drivers === undefined) node.spec = { ...node.spec, drivers: [] }
  },
  columns: [name, integer('Drivers', node => node.spec.drivers.length), age],
})
