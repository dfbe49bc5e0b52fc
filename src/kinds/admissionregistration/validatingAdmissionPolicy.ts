import { age, integer, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validatingAdmissionPolicies } from '#kinds/facts/generated/refs.ts'
import { paramKind } from './params.ts'

export const ValidatingAdmissionPolicy = defineKind(validatingAdmissionPolicies, {
  categories: ['api-extensions'],
  status: true,
  counted: true,
  columns: [
    name,
    integer('Validations', object => object.spec.validations?.length ?? 0),
    text('ParamKind', object => paramKind(object.spec.paramKind)),
    age,
  ],
})
