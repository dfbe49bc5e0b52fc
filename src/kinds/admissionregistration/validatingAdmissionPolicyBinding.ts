import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validatingAdmissionPolicyBindings } from '#kinds/facts/generated/refs.ts'
import { paramRef } from './params.ts'

export const ValidatingAdmissionPolicyBinding = defineKind(validatingAdmissionPolicyBindings, {
  categories: ['api-extensions'],
  counted: true,
  columns: [
    name,
    text('PolicyName', object => object.spec.policyName ?? ''),
    text('ParamRef', object => paramRef(object.spec.paramRef)),
    age,
  ],
})
