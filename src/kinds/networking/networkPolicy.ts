import { age, name, selectorText, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validatePolicy } from './validate.ts'
import { each, fill, owned, within } from '../fill.ts'
import type { NetworkPolicyPort, NetworkPolicySpec } from '#kinds/facts/generated/types/networking_v1.ts'
import { networkPolicies } from '#kinds/facts/generated/refs.ts'

const port = (one: NetworkPolicyPort): NetworkPolicyPort => fill(one, { protocol: 'TCP' })

/** A policy without types is about what comes in, and about what goes out where it has rules for that. */
function typed(spec: NetworkPolicySpec): NetworkPolicySpec {
  if ((spec.policyTypes?.length ?? 0) > 0) return spec
  return { ...spec, policyTypes: (spec.egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress'] }
}

function defaults(given: NetworkPolicySpec): NetworkPolicySpec {
  const spec = typed(fill(given, { podSelector: {} }))
  const inward = within(spec, 'ingress', rules =>
    each(rules, rule => within(rule, 'ports', ports => each(ports, port))),
  )
  return within(inward, 'egress', rules => each(rules, rule => within(rule, 'ports', ports => each(ports, port))))
}

export const NetworkPolicy = defineKind(networkPolicies, {
  shortNames: ['netpol'],
  counted: true,
  unconditionalUpdate: true,
  defaults: policy => {
    policy.spec = owned(defaults(policy.spec ?? {}))
  },
  validate: validatePolicy,
  columns: [name, text('Pod-Selector', policy => selectorText(policy.spec.podSelector)), age],
})
