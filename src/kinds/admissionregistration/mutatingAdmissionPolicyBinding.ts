import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { owned, within } from '../fill.ts'
import { matchResources } from './defaults.ts'
import type { MutatingAdmissionPolicyBindingSpec } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { mutatingAdmissionPolicyBindings } from '#kinds/facts/generated/refs.ts'
import { paramRef } from './params.ts'
import { validateBinding } from './mutating.ts'

export const MutatingAdmissionPolicyBinding = defineKind(mutatingAdmissionPolicyBindings, {
  categories: ['api-extensions'],
  counted: true,
  defaults: object => {
    object.spec = owned(
      within<MutatingAdmissionPolicyBindingSpec, 'matchResources'>(object.spec ?? {}, 'matchResources', matchResources),
    )
  },
  validate: validateBinding,
  columns: [
    name,
    text('PolicyName', object => object.spec.policyName ?? ''),
    text('ParamRef', object => paramRef(object.spec.paramRef)),
    age,
  ],
})
