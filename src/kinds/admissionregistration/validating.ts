/** What is wrong with policies that validate, and with their bindings. */
import type { WriteContext } from '#api/kind.ts'
import { dns1123Subdomain, qualifiedName } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import { type PolicyCompiler, gives } from '#codec/cel/policy.ts'
import type {
  AuditAnnotation,
  ValidatingAdmissionPolicy as Policy,
  ValidatingAdmissionPolicyBinding as Binding,
  Validation,
} from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { Place } from '../place.ts'
import { checkStatusConditions } from '../statusConditions.ts'
import { checkExpression, checkMatchResources, checkParamRef, checkPolicy } from './policies.ts'

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const mostAnnotations = 20
const longestAnnotation = 5 * 1024
const nothing = 'validations or auditAnnotations must contain at least one item'

function checkValidation(place: Place, validation: Validation, compiler: PolicyCompiler): void {
  const { expression, message = '', messageExpression = '', reason } = validation
  if (expression.trim() === '') place.at('expression').required('expression is not specified')
  else checkExpression(place.at('expression'), compiler, { source: expression, use: { returns: gives.condition } })
  if (messageExpression !== '' && messageExpression.trim() === '')
    place.at('messageExpression').invalid(messageExpression, 'must be non-empty if specified')
  else if (messageExpression !== '')
    checkExpression(place.at('messageExpression'), compiler, {
      source: messageExpression,
      use: { returns: gives.message, authorizer: false },
    })
  if (message !== '' && message.trim() === '') place.at('message').invalid(message, 'must be non-empty if specified')
  else if (/[\n\r]/.test(message.trim())) place.at('message').invalid(message, 'must not contain line breaks')
  if (reason !== undefined && !reasons.includes(reason)) place.at('reason').unsupported(reason, reasons)
}

interface Named {
  readonly policy: string
  readonly compiler: PolicyCompiler
}

function checkAnnotation(place: Place, { key, valueExpression }: AuditAnnotation, { policy, compiler }: Named): void {
  if (policy === '') place.at('key').invalid(key, 'requires metadata.name be non-empty')
  else place.at('key').format(`${policy}/${key}`, qualifiedName)
  const source = valueExpression.trim()
  const at = place.at('valueExpression')
  if (source === '') at.required('valueExpression is not specified')
  else if (Buffer.byteLength(source) > longestAnnotation)
    at.required(`must not exceed ${longestAnnotation} bytes in length`)
  else checkExpression(at, compiler, { source, use: { returns: gives.annotation }, shown: valueExpression })
}

function checkAnnotations(list: Place, annotations: readonly AuditAnnotation[], named: Named): void {
  if (annotations.length > mostAnnotations)
    list.invalid(annotations, `must not have more than ${mostAnnotations} auditAnnotations`)
  const keys = new Set<string>()
  list.each(annotations, (annotation, at) => {
    checkAnnotation(at, annotation, named)
    if (keys.has(annotation.key)) at.at('key').duplicate(annotation.key)
    keys.add(annotation.key)
  })
}

export function validatePolicy(policy: Policy, { old, subresource }: WriteContext<Policy>): readonly FieldError[] {
  if (subresource === 'status') return statusErrors(policy)
  const place = new Place('spec')
  const { spec } = policy
  const compiler = checkPolicy(place, spec, { old: old?.spec, composed: false })
  const { validations = [], auditAnnotations = [] } = spec
  if (validations.length + auditAnnotations.length === 0) {
    place.at('validations').required(nothing)
    place.at('auditAnnotations').required(nothing)
  }
  place.at('validations').each(validations, (validation, at) => checkValidation(at, validation, compiler))
  checkAnnotations(place.at('auditAnnotations'), auditAnnotations, { policy: policy.metadata.name ?? '', compiler })
  return place.errors
}

function statusErrors({ status }: Policy): readonly FieldError[] {
  const place = new Place('status')
  place.at('typeChecking.expressionWarnings').each(status?.typeChecking?.expressionWarnings, (warning, at) => {
    if (warning.warning === '') at.at('warning').required()
    if (warning.fieldRef.trim() === '') at.at('fieldRef').required()
  })
  checkStatusConditions(place.at('conditions'), status?.conditions)
  return place.errors
}

const actions = ['Audit', 'Deny', 'Warn']

function checkActions(list: Place, wanted: readonly string[]): void {
  const seen = new Set<string>()
  list.each(wanted, (action, at) => {
    if (!actions.includes(action)) at.unsupported(action, actions)
    if (seen.has(action)) at.duplicate(action)
    seen.add(action)
  })
  if (seen.has('Deny') && seen.has('Warn'))
    list.invalid(
      wanted,
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    )
  if (seen.size === 0) list.required('at least one validation action is required')
}

export function validateBinding({ spec }: Binding): readonly FieldError[] {
  const place = new Place('spec')
  place.at('policyName').named(spec.policyName, dns1123Subdomain)
  checkParamRef(place.at('paramRef'), spec.paramRef)
  if (spec.matchResources !== undefined) checkMatchResources(place.at('matchResources'), spec.matchResources)
  checkActions(place.at('validationActions'), spec.validationActions ?? [])
  return place.errors
}
