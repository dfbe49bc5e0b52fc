import { pathSegment } from '#api/names.ts'
import { defineKind } from '../define.ts'
import { roles } from '#kinds/facts/generated/refs.ts'

export const Role = defineKind(roles, {
  validName: pathSegment,
  unconditionalUpdate: true,
  createOnUpdate: true,
  defaults: role => {
    role.rules ??= []
  },
})
