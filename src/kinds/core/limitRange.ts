import { defineKind } from '../define.ts'
import { limitRanges } from '#kinds/facts/generated/refs.ts'

export const LimitRange = defineKind(limitRanges, {
  shortNames: ['limits'],
  unconditionalUpdate: true,
  createOnUpdate: true,
})
