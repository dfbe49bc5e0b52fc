import { age, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { owned } from '../fill.ts'
import { validateClaimTemplate } from './claims.ts'
import { claimedTemplate } from './defaults.ts'
import { resourceClaimTemplates } from '#kinds/facts/generated/refs.ts'

export const ResourceClaimTemplate = defineKind(resourceClaimTemplates, {
  unconditionalUpdate: true,
  returnsDeleted: true,
  defaults: template => {
    template.spec = owned(claimedTemplate(template.spec))
  },
  validate: validateClaimTemplate,
  columns: [name, age],
})
