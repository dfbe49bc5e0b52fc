import { age, name, selectorText, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { networkPolicies } from '#kinds/facts/generated/refs.ts'

export const NetworkPolicy = defineKind(networkPolicies, {
  shortNames: ['netpol'],
  counted: true,
  unconditionalUpdate: true,
  columns: [name, text('Pod-Selector', policy => selectorText(policy.spec.podSelector)), age],
})
