import { age, integer, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateCSINode } from './validate.ts'
import { csiNodes } from '#kinds/facts/generated/refs.ts'

export const CSINode = defineKind(csiNodes, {
  returnsDeleted: true,
  defaults: node => {
    if (node.spec?.drivers === undefined) node.spec = { ...node.spec, drivers: [] }
  },
  validate: validateCSINode,
  columns: [name, integer('Drivers', node => node.spec.drivers.length), age],
})
