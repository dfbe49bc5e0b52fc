import { age, integer, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { owned } from '../fill.ts'
import { policySpec } from './defaults.ts'
import type { ValidatingAdmissionPolicySpec } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { validatingAdmissionPolicies } from '#kinds/facts/generated/refs.ts'
import { paramKind } from './params.ts'
import { validatePolicy } from './validating.ts'

export const ValidatingAdmissionPolicy = defineKind(validatingAdmissionPolicies, {
  categories: ['api-extensions'],
  status: true,
  counted: true,
  defaults: object => {
    object.spec = owned(policySpec<ValidatingAdmissionPolicySpec>(object.spec ?? {}))
    object.status ??= {}
  },
  validate: validatePolicy,
  columns: [
    name,
    integer('Validations', object => object.spec.validations?.length ?? 0),
    text('ParamKind', object => paramKind(object.spec.paramKind)),
    age,
  ],
})
