/** What is wrong with policies that mutate, and with their bindings. */
import type { WriteContext } from '#api/kind.ts'
import { dns1123Subdomain } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import { type PolicyCompiler, gives } from '#codec/cel/policy.ts'
import type {
  MutatingAdmissionPolicy as Policy,
  MutatingAdmissionPolicyBinding as Binding,
  Mutation,
} from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { Place } from '../place.ts'
import { checkExpression, checkMatchResources, checkMutable, checkParamRef, checkPolicy } from './policies.ts'

const patches = {
  ApplyConfiguration: { own: 'applyConfiguration', other: 'jsonPatch', returns: gives.configuration },
  JSONPatch: { own: 'jsonPatch', other: 'applyConfiguration', returns: gives.patch },
} as const

const isPatch = (type: string | undefined): type is keyof typeof patches =>
  type !== undefined && Object.hasOwn(patches, type)

function checkMutation(place: Place, mutation: Mutation, compiler: PolicyCompiler): void {
  const { patchType } = mutation
  if (!isPatch(patchType)) return place.at('patchType').oneOf(patchType, Object.keys(patches))
  const { own, other, returns } = patches[patchType]
  const at = place.at(own)
  if (mutation[own] === undefined) at.required(`must be specified when patchType is ${patchType}`)
  else {
    const source = (mutation[own].expression ?? '').trim()
    if (source === '') at.at('expression').required()
    else checkExpression(at.at('expression'), compiler, { source, use: { returns, patches: true } })
  }
  if (mutation[other] !== undefined)
    place.at(other).invalid(`{${other}}`, `must not be specified when patchType is ${patchType}`)
  return undefined
}

export function validatePolicy({ spec }: Policy, { old }: WriteContext<Policy>): readonly FieldError[] {
  const place = new Place('spec')
  const compiler = checkPolicy(place, spec, { old: old?.spec, composed: true })
  checkMutable(place.at('matchConstraints'), spec.matchConstraints)
  if ((spec.mutations ?? []).length === 0) place.at('mutations').required('mutations must contain at least one item')
  place.at('mutations').each(spec.mutations, (mutation, at) => checkMutation(at, mutation, compiler))
  place.at('reinvocationPolicy').oneOf(spec.reinvocationPolicy, ['IfNeeded', 'Never'])
  return place.errors
}

export function validateBinding({ spec }: Binding): readonly FieldError[] {
  const place = new Place('spec')
  place.at('policyName').named(spec.policyName, dns1123Subdomain)
  checkParamRef(place.at('paramRef'), spec.paramRef)
  if (spec.matchResources !== undefined) checkMatchResources(place.at('matchResources'), spec.matchResources)
  checkMutable(place.at('matchResources'), spec.matchResources)
  return place.errors
}
