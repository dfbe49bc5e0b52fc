/** Defaults of webhooks and of what policies match. */
import { each, fill, put, within } from '../fill.ts'
import type {
  MatchResources,
  MutatingWebhook,
  NamedRuleWithOperations,
  RuleWithOperations,
  ValidatingWebhook,
  WebhookClientConfig,
} from '#kinds/facts/generated/types/admissionregistration_v1.ts'

const everything = { namespaceSelector: {}, objectSelector: {} } as const
const ofWebhook = { failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10, ...everything } as const

const rule = (one: RuleWithOperations): RuleWithOperations => fill(one, { scope: '*' })
const named = (one: NamedRuleWithOperations): NamedRuleWithOperations => fill(one, { scope: '*' })

const client = (config: WebhookClientConfig): WebhookClientConfig =>
  within(config, 'service', service => fill(service, { port: 443 }))

export const validatingWebhook = (one: ValidatingWebhook): ValidatingWebhook =>
  within(
    within(fill<ValidatingWebhook>(one, ofWebhook), 'rules', rules => each(rules, rule)),
    'clientConfig',
    client,
  )

export const mutatingWebhook = (one: MutatingWebhook): MutatingWebhook =>
  within(
    within(fill<MutatingWebhook>(one, { ...ofWebhook, reinvocationPolicy: 'Never' }), 'rules', rules =>
      each(rules, rule),
    ),
    'clientConfig',
    client,
  )

export function matchResources(one: MatchResources): MatchResources {
  const filled = fill<MatchResources>(one, { matchPolicy: 'Equivalent', ...everything })
  const wanted = within(filled, 'resourceRules', rules => each(rules, named))
  return within(wanted, 'excludeResourceRules', rules => each(rules, named))
}

/** Of policies: a failure refuses. */
export const policySpec = <
  S extends { readonly failurePolicy?: 'Fail' | 'Ignore'; readonly matchConstraints?: MatchResources },
>(
  spec: S,
): S => {
  const filled = spec.failurePolicy === undefined ? { ...spec, failurePolicy: 'Fail' as const } : spec
  return spec.matchConstraints === undefined
    ? filled
    : put(filled, 'matchConstraints', matchResources(spec.matchConstraints))
}
