import { age, boolean, integer, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validatePriority } from './validate.ts'
import { priorityClasses } from '#kinds/facts/generated/refs.ts'

export const PriorityClass = defineKind(priorityClasses, {
  shortNames: ['pc'],
  counted: true,
  unconditionalUpdate: true,
  defaults: object => {
    object.preemptionPolicy ??= 'PreemptLowerPriority'
    object.value ??= 0
  },
  validate: validatePriority,
  columns: [
    name,
    integer('Value', object => object.value),
    boolean('Global-Default', object => object.globalDefault ?? false),
    age,
    text('PreemptionPolicy', object => object.preemptionPolicy ?? ''),
  ],
})
