import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { owned, within } from '../fill.ts'
import { matchResources } from './defaults.ts'
import type { ValidatingAdmissionPolicyBindingSpec } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { validatingAdmissionPolicyBindings } from '#kinds/facts/generated/refs.ts'
import { paramRef } from './params.ts'
import { validateBinding } from './validating.ts'

export const ValidatingAdmissionPolicyBinding = defineKind(validatingAdmissionPolicyBindings, {
  categories: ['api-extensions'],
  counted: true,
  defaults: object => {
    object.spec = owned(
      within<ValidatingAdmissionPolicyBindingSpec, 'matchResources'>(
        object.spec ?? {},
        'matchResources',
        matchResources,
      ),
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
