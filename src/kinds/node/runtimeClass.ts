import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateRuntimeClass } from './validate.ts'
import { runtimeClasses } from '#kinds/facts/generated/refs.ts'

export const RuntimeClass = defineKind(runtimeClasses, {
  createOnUpdate: true,
  validate: validateRuntimeClass,
  columns: [name, text('Handler', object => object.handler), age],
})
