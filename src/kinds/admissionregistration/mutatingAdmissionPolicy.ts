import { age, integer, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { mutatingAdmissionPolicies } from '#kinds/facts/generated/refs.ts'
import { paramKind } from './params.ts'

export const MutatingAdmissionPolicy = defineKind(mutatingAdmissionPolicies, {
  categories: ['api-extensions'],
  counted: true,
  columns: [
    name,
    integer('Mutations', object => object.spec.mutations?.length ?? 0),
    text('ParamKind', object => paramKind(object.spec.paramKind)),
    age,
  ],
})
