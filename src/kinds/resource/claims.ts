/** What is wrong with claims of devices, and with templates of them. */
import type { WriteContext } from '#api/kind.ts'
import { dns1123Subdomain, labelValueErrors, qualifiedName } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceToleration,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '#kinds/facts/generated/types/resource_v1.ts'
import { checkFixed } from '../apps/checks.ts'
import { checkAnnotations, checkLabels } from '../meta.ts'
import { Place } from '../place.ts'
import { checkFullName, checkLabel, distinct, effects, limited, most } from './checks.ts'
import { type Names, checkOpaque, checkReferences, requestNames } from './references.ts'
import { checkSelectors } from './selectors.ts'
import { checkStatus } from './status.ts'

function checkToleration(place: Place, { key, operator, value = '', effect }: DeviceToleration): void {
  if (key) place.at('key').format(key, qualifiedName)
  if (operator === 'Exists') {
    if (value !== '') place.at('value').invalid(value, 'must be empty for operator `Exists`')
  } else if (operator === 'Equal') place.at('value').format(value, labelValueErrors)
  else place.at('operator').oneOf(operator, ['Equal', 'Exists'])
  if (effect && !effects.includes(effect)) place.at('effect').unsupported(effect, effects)
}

/** What a request and each of its alternatives say alike. */
function checkWish(place: Place, wish: ExactDeviceRequest): void {
  place.at('deviceClassName').named(wish.deviceClassName, dns1123Subdomain)
  checkSelectors(place.at('selectors'), wish.selectors)
  const { allocationMode: mode = '', count = 0 } = wish
  if (mode === 'All') {
    if (count !== 0) place.at('count').invalid(count, "must not be specified when allocationMode is 'All'")
  } else if (mode === 'ExactCount') place.at('count').positive(count)
  else place.at('allocationMode').unsupported(mode, ['All', 'ExactCount'])
  place.at('tolerations').each(wish.tolerations, (toleration, at) => checkToleration(at, toleration))
}

function checkRequest(place: Place, { name, exactly, firstAvailable = [] }: DeviceRequest): void {
  checkLabel(place.at('name'), name)
  const either = 'exactly one of `exactly` or `firstAvailable` is required'
  if (exactly === undefined && firstAvailable.length === 0) return place.required(either)
  if (exactly !== undefined && firstAvailable.length > 0)
    return place.invalid(null, `${either}, but multiple fields are set`)
  if (exactly !== undefined) return checkWish(place.at('exactly'), exactly)
  const list = { list: firstAvailable, most: most.subrequests, key: (one: { readonly name: string }) => one.name }
  return distinct(place.at('firstAvailable'), list, (wish, at) => {
    checkLabel(at.at('name'), wish.name)
    checkWish(at, wish)
  })
}

function checkConstraint(place: Place, constraint: DeviceConstraint, names: Names): void {
  checkReferences(place.at('requests'), constraint.requests, names)
  const { matchAttribute, distinctAttribute } = constraint
  if (matchAttribute !== undefined) checkFullName(place.at('matchAttribute'), matchAttribute)
  else if (distinctAttribute !== undefined) checkFullName(place.at('distinctAttribute'), distinctAttribute)
  else place.required('exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set')
}

function checkDevices(place: Place, claim: DeviceClaim): void {
  const names = requestNames(claim)
  const requests = { list: claim.requests, most: most.requests, key: (one: DeviceRequest) => one.name }
  distinct(place.at('requests'), requests, (request, at) => checkRequest(at, request))
  limited(place.at('constraints'), { list: claim.constraints, most: most.constraints }, (constraint, at) =>
    checkConstraint(at, constraint, names),
  )
  limited(place.at('config'), { list: claim.config, most: most.config }, ({ requests: of, opaque }, at) => {
    checkReferences(at.at('requests'), of, names)
    checkOpaque(at, opaque)
  })
}

export function validateClaim(
  claim: ResourceClaim,
  { old, subresource }: WriteContext<ResourceClaim>,
): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') checkStatus(root.at('status'), claim, old)
  else if (old === undefined) checkDevices(root.at('spec.devices'), claim.spec.devices)
  else checkFixed(root.at('spec'), claim.spec, old.spec)
  return root.errors
}

export function validateClaimTemplate(
  template: ResourceClaimTemplate,
  { old }: WriteContext<ResourceClaimTemplate>,
): readonly FieldError[] {
  const place = new Place('spec')
  const { metadata, spec } = template.spec
  if (old !== undefined) checkFixed(place, template.spec, old.spec)
  else {
    checkLabels(place.at('metadata.labels'), metadata?.labels)
    checkAnnotations(place.at('metadata.annotations'), metadata?.annotations)
    checkDevices(place.at('spec.devices'), spec.devices)
  }
  return place.errors
}
