import { defineKind } from '../define.ts'
import { roles } from '#kinds/facts/generated/refs.ts'

export const Role = defineKind(roles, { unconditionalUpdate: true, createOnUpdate: true })
