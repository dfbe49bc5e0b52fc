import { age, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { resourceClaimTemplates } from '#kinds/facts/generated/refs.ts'

export const ResourceClaimTemplate = defineKind(resourceClaimTemplates, {
  unconditionalUpdate: true,
  returnsDeleted: true,
  columns: [name, age],
})
