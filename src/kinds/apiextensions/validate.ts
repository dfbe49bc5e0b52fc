/** Checks of what a definition says of itself; its schemas are judged where they are compiled. */
import type { WriteContext } from '#api/kind.ts'
import { dns1035Label, dns1123Subdomain } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type {
  CustomResourceDefinition as Definition,
  CustomResourceDefinitionSpec as Spec,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { Place } from '../place.ts'

const scopes = ['Cluster', 'Namespaced']
const conversions = ['None', 'Webhook']
const namePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

function checkName(place: Place, name: string | undefined): void {
  if (!name) return place.required()
  const problems = dns1035Label(name.toLowerCase())
  if (problems.length > 0) place.invalid(name, problems.join(','))
  return undefined
}

function checkNames(place: Place, { names }: Spec): void {
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) checkName(place.at(field), names[field])
  place.at('shortNames').each(names.shortNames, (name, at) => {
    if (!namePattern.test(name)) at.invalid(name, dns1035Label(name).join(',') || 'must be a DNS-1035 label')
  })
  if (names.kind !== '' && names.kind === names.listKind)
    place.at('listKind').invalid(names.listKind, 'kind and listKind may not be the same')
}

function checkVersions(list: Place, spec: Spec): void {
  const names = new Set<string>()
  let stored = 0
  let unique = true
  list.each(spec.versions, (version, at) => {
    if (version.storage) stored++
    if (names.has(version.name)) unique = false
    names.add(version.name)
    const problems = dns1035Label(version.name)
    if (problems.length > 0) at.at('name').invalid(version.name, problems.join(','))
    if (version.schema?.openAPIV3Schema === undefined) at.at('schema.openAPIV3Schema').required()
    if (version.deprecationWarning !== undefined && version.deprecated !== true)
      at.at('deprecationWarning').invalid(version.deprecationWarning, 'can only be set for deprecated versions')
  })
  if (!unique) list.invalid(spec.versions, 'must contain unique version names')
  if (stored !== 1) list.invalid(spec.versions, 'must have exactly one version marked as storage version')
}

function checkStored(place: Place, { spec, status }: Definition): void {
  const { storedVersions = [] } = status ?? {}
  const known = new Set((spec.versions ?? []).map(one => one.name))
  place.each(storedVersions, (version, at) => {
    if (!known.has(version))
      at.invalid(
        version,
        `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`,
      )
  })
}

export function validateDefinition(
  definition: Definition,
  { old, subresource }: WriteContext<Definition>,
): readonly FieldError[] {
  const root = new Place('')
  if (subresource !== '') return root.errors
  const { spec, metadata } = definition
  const place = root.at('spec')
  const { name } = metadata
  if (old === undefined && name !== `${spec.names.plural}.${spec.group}`)
    root.at('metadata.name').invalid(name, 'must be spec.names.plural+"."+spec.group')
  if (!spec.group) place.at('group').required()
  else {
    const problems = dns1123Subdomain(spec.group)
    if (problems.length > 0) place.at('group').invalid(spec.group, problems.join(','))
    else if (!spec.group.includes('.'))
      place.at('group').invalid(spec.group, 'should be a domain with at least one dot')
  }
  place.at('scope').oneOf(spec.scope, scopes)
  checkVersions(place.at('versions'), spec)
  checkNames(place.at('names'), spec)
  place.at('conversion.strategy').oneOf(spec.conversion?.strategy, conversions)
  if (spec.conversion?.strategy === 'Webhook' && spec.conversion.webhook?.clientConfig === undefined)
    place.at('conversion.webhook.clientConfig').required('required when strategy is set to Webhook')
  checkStored(root.at('status.storedVersions'), definition)
  const settled = old?.status?.conditions?.some(one => one.type === 'Established' && one.status === 'True') === true
  if (old === undefined) return root.errors
  if (spec.group !== old.spec.group) place.at('group').immutable(spec.group)
  if (spec.names.plural !== old.spec.names.plural) place.at('names.plural').immutable(spec.names.plural)
  if (settled && spec.scope !== old.spec.scope) place.at('scope').immutable(spec.scope)
  if (settled && spec.names.kind !== old.spec.names.kind) place.at('names.kind').immutable(spec.names.kind)
  return root.errors
}
