import { pathSegment } from '#api/names.ts'
import { defineKind } from '../define.ts'
import { validateRole } from './validate.ts'
import { roles } from '#kinds/facts/generated/refs.ts'

export const Role = defineKind(roles, {
  validName: pathSegment,
  unconditionalUpdate: true,
  createOnUpdate: true,
  validate: validateRole,
  defaults: role => {
    role.rules ??= []
  },
})
