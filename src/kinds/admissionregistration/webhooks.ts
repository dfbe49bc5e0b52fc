/** What is wrong with a configuration of webhooks. */
import { equal } from '#base/equal.ts'
import { matchEnvironment } from '#codec/cel/admission.ts'
import { compile } from '#codec/cel/compile.ts'
import { formatType } from '#codec/cel/types.ts'
import type { WriteContext } from '#api/kind.ts'
import type { KObject } from '#api/metadata.ts'
import { dns1035Label, dns1123Subdomain, qualifiedName } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type { MutatingWebhook, ValidatingWebhook } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { checkClientConfig } from '../clientConfig.ts'
import { checkSelector } from '../meta.ts'
import { Place } from '../place.ts'
import { checkRule } from './rules.ts'

type Webhook = ValidatingWebhook | MutatingWebhook
interface Configuration extends KObject {
  readonly webhooks?: readonly Webhook[]
}

const reviews = ['v1', 'v1beta1']
const harmless = ['None', 'NoneOnDryRun']
const allEffects = ['None', 'NoneOnDryRun', 'Some', 'Unknown']
const mostConditions = 64

/** What configurations of long ago may still be. */
interface Leniency {
  readonly effects: boolean
  readonly versions: boolean
  readonly names: boolean
  /** Conditions that nobody touches are not looked at again. */
  readonly conditions: boolean
}

const known = ({ admissionReviewVersions: versions }: Webhook): boolean =>
  versions.some(version => reviews.includes(version))

function leniency(old: Configuration | undefined, now: readonly Webhook[]): Leniency {
  const webhooks = old?.webhooks ?? []
  return {
    effects: webhooks.some(one => !harmless.includes(one.sideEffects)),
    versions: webhooks.some(one => one.admissionReviewVersions.length > 0 && !known(one)),
    names: new Set(webhooks.map(one => one.name)).size < webhooks.length,
    conditions:
      old !== undefined &&
      now.length === webhooks.length &&
      webhooks.every((one, at) => equal(one.matchConditions, now[at]?.matchConditions)),
  }
}

function checkName(place: Place, name: string): void {
  const problems = dns1123Subdomain(name)
  if (name === '') place.required()
  else if (problems.length > 0) place.invalid(name, problems.join(','))
  else if (name.split('.').length < 3)
    place.invalid(name, 'should be a domain with at least three segments separated by dots')
}

function checkVersions(place: Place, webhook: Webhook, lenient: boolean): void {
  const versions = webhook.admissionReviewVersions ?? []
  if (versions.length === 0) return place.required(`must specify one of ${reviews.join(', ')}`)
  const seen = new Set<string>()
  place.each(versions, (version, at) => {
    if (seen.has(version)) return at.invalid(version, 'duplicate version')
    seen.add(version)
    return at.format(version, dns1035Label)
  })
  if (!lenient && !known(webhook)) place.invalid(versions, `must include at least one of ${reviews.join(', ')}`)
  return undefined
}

function checkEffects(place: Place, { sideEffects }: Webhook, lenient: boolean): void {
  const allowed = lenient ? allEffects : harmless
  if (sideEffects === undefined) place.required(`must specify one of ${allowed.join(', ')}`)
  else if (!allowed.includes(sideEffects)) place.unsupported(sideEffects, allowed)
}

/** Only what says yes or no is a condition. */
function checkCondition(place: Place, expression: string): void {
  if (expression === '') return place.required()
  const compiled = compile(expression, matchEnvironment())
  if (!compiled.ok) return place.invalid(expression, `compilation failed: ${compiled.text}`)
  if (compiled.type.kind === 'bool') return undefined
  return place.invalid(expression, `must evaluate to bool but got ${formatType(compiled.type)}`)
}

function checkConditions(list: Place, { matchConditions = [] }: Webhook): void {
  if (matchConditions.length > mostConditions) list.tooMany(matchConditions.length, mostConditions)
  const names = new Set<string>()
  list.each(matchConditions, ({ name, expression }, at) => {
    checkCondition(at.at('expression'), expression.trim())
    at.at('name').named(name, qualifiedName)
    if (name !== '' && names.has(name)) at.at('name').duplicate(name)
    names.add(name)
  })
}

const choices = [
  ['failurePolicy', ['Fail', 'Ignore']],
  ['matchPolicy', ['Equivalent', 'Exact']],
] as const

function checkWebhook(place: Place, webhook: Webhook, lenient: Leniency): void {
  checkName(place.at('name'), webhook.name)
  place.at('rules').each(webhook.rules, (rule, at) => checkRule(at, rule))
  for (const [field, values] of choices) {
    const value: string | undefined = webhook[field]
    if (value !== undefined && !values.some(one => one === value)) place.at(field).unsupported(value, values)
  }
  checkEffects(place.at('sideEffects'), webhook, lenient.effects)
  const { timeoutSeconds } = webhook
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1))
    place.at('timeoutSeconds').invalid(timeoutSeconds, 'the timeout value must be between 1 and 30 seconds')
  checkSelector(place.at('namespaceSelector'), webhook.namespaceSelector)
  checkSelector(place.at('objectSelector'), webhook.objectSelector)
  const again: string | undefined = 'reinvocationPolicy' in webhook ? webhook.reinvocationPolicy : undefined
  if (again !== undefined && again !== 'Never' && again !== 'IfNeeded')
    place.at('reinvocationPolicy').unsupported(again, ['IfNeeded', 'Never'])
  checkClientConfig(place.at('clientConfig'), webhook.clientConfig ?? {})
  if (!lenient.conditions) checkConditions(place.at('matchConditions'), webhook)
  checkVersions(place.at('admissionReviewVersions'), webhook, lenient.versions)
}

export function validateWebhooks(
  { webhooks }: Configuration,
  { old }: WriteContext<Configuration>,
): readonly FieldError[] {
  const list = new Place('webhooks')
  const lenient = leniency(old, webhooks ?? [])
  const names = new Set<string>()
  list.each(webhooks, (webhook, at) => {
    checkWebhook(at, webhook, lenient)
    if (!lenient.names && webhook.name !== '' && names.has(webhook.name)) at.at('name').duplicate(webhook.name)
    names.add(webhook.name)
  })
  return list.errors
}
