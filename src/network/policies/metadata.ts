/**
 * Where clouds keep the credentials of a machine: at addresses that whoever runs on it can ask, without a password. Pods are
 * not the machine. They are let there only by a policy of their own, as if they were isolated from these addresses.
 */
import { type Rule, goto, is, rule } from '../ruleset.ts'
import * as names from './names.ts'

/** AWS, GCP, Azure, OpenStack and others; AWS ECS; Azure's agent; Alibaba. */
export const metadataAddresses: readonly string[] = [
  '169.254.169.254',
  '169.254.170.2',
  '168.63.129.16',
  '100.100.100.200',
]

export const isMetadata = (address: string): boolean => metadataAddresses.includes(address)

/** Of what pods send. @param judged asks the policies of the sender, if it has any */
export const metadataGuard = (
  judged: Rule,
): { readonly rule: Rule; readonly chain: { readonly name: string; readonly rules: readonly Rule[] } } => ({
  rule: rule(
    [is('daddr', ...metadataAddresses), { type: 'in', fields: ['saddr'], set: names.localPods }],
    goto(names.metadata),
  ),
  chain: { name: names.metadata, rules: [judged, rule([], goto(names.refuse))] },
})
