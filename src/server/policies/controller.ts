/** Says of policies whether their expressions fit the types that they match. */
import type { Scheme } from '#api/kind.ts'
import { type Controller, nothing, selfKey } from '#client/controller.ts'
import { validatingAdmissionPolicies as policies } from '#kinds/facts/generated/refs.ts'
import { expressionWarnings } from './typeCheck.ts'

export const policyStatusController = (scheme: Scheme): Controller => ({
  name: 'validatingadmissionpolicy-status',
  watches: [{ ref: policies, keys: selfKey }],
  rules: [],
  workers: 1,
  decide: (key, { read }) => {
    const policy = read.get(policies, key)
    const { generation = 0, deletionTimestamp } = policy?.metadata ?? {}
    if (policy === undefined || deletionTimestamp !== undefined) return nothing
    if (generation <= (policy.status?.observedGeneration ?? 0)) return nothing
    const warnings = expressionWarnings(scheme, policy.spec)
    const status = {
      ...policy.status,
      observedGeneration: generation,
      typeChecking: warnings.length === 0 ? {} : { expressionWarnings: warnings },
    }
    const body = { ...policy, status }
    return {
      writes: [[{ op: 'update', ref: policies, body, subresource: 'status', harmless: ['NotFound', 'Conflict'] }]],
    }
  },
})
