import { age, integer, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { owned } from '../fill.ts'
import { policySpec } from './defaults.ts'
import type { MutatingAdmissionPolicySpec } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { mutatingAdmissionPolicies } from '#kinds/facts/generated/refs.ts'
import { paramKind } from './params.ts'
import { validatePolicy } from './mutating.ts'

export const MutatingAdmissionPolicy = defineKind(mutatingAdmissionPolicies, {
  categories: ['api-extensions'],
  counted: true,
  defaults: object => {
    object.spec = owned(policySpec<MutatingAdmissionPolicySpec>(object.spec ?? {}))
  },
  validate: validatePolicy,
  columns: [
    name,
    integer('Mutations', object => object.spec.mutations?.length ?? 0),
    text('ParamKind', object => paramKind(object.spec.paramKind)),
    age,
  ],
})
