import { pathSegment } from '#api/names.ts'
import { defineKind } from '../define.ts'
import { validateRoleBinding } from './validate.ts'
import { roleBindings } from '#kinds/facts/generated/refs.ts'
import { bindingColumns, bindingDefaults } from './subjects.ts'

export const RoleBinding = defineKind(roleBindings, {
  validName: pathSegment,
  unconditionalUpdate: true,
  createOnUpdate: true,
  defaults: bindingDefaults,
  validate: validateRoleBinding,
  columns: bindingColumns,
})
