import { defineKind } from '../define.ts'
import { bindings } from '#kinds/facts/generated/refs.ts'

export const Binding = defineKind(bindings, {})
