/** Everything that may be wrong with a definition, as upstream says it. */
import { equal } from '#base/equal.ts'
import type { WriteContext } from '#api/kind.ts'
import { dns1035Label, dns1123Subdomain } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type {
  CustomResourceDefinition as Definition,
  CustomResourceDefinitionSpec as Spec,
  CustomResourceDefinitionVersion as Version,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { ruleProblems } from '../custom/rules.ts'
import { Place } from '../place.ts'
import { checkConversion } from './conversion.ts'
import { checkDefaults } from './defaultValues.ts'
import { approvalAnnotation, approvalOf, checkNames, isProtected, requireNames } from './names.ts'
import { checkOpenAPI } from './openapi.ts'
import { type Props, eachSchema, formProblem } from './schemas.ts'
import { checkStructural } from './structural.ts'
import { checkColumn, checkDeprecation, checkSelectable, checkSubresources } from './versions.ts'

const schemaOf = (version: Version): Props | undefined => version.schema?.openAPIV3Schema

const list = (spec: Spec): readonly Version[] => spec.versions ?? []

/** Upstream speaks of what all versions share as of the definition's own. */
const shared = (spec: Spec, part: (version: Version) => unknown): boolean =>
  list(spec).every(version => equal(part(version), part(list(spec)[0] ?? version)))

const allowed = new Set(
  (
    'description type format title maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems ' +
    'uniqueItems multipleOf required items properties externalDocs example ' +
    'x-kubernetes-preserve-unknown-fields x-kubernetes-validations'
  ).split(' '),
)
const allowedText =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'

/** The schema of a status must be the whole truth of it. */
function checkStatusRoot(place: Place, schema: Props): void {
  for (const [name, value] of Object.entries(schema)) {
    if (value === undefined || value === false) continue
    if (name === 'type') {
      if (value === 'object') continue
      return place
        .at('type')
        .invalid(
          value,
          'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
        )
    }
    if (!allowed.has(name))
      return place.wrong(
        `only [${allowedText}] fields are allowed at the root of the schema if the status subresource is enabled`,
      )
  }
  return undefined
}

function checkSchema(place: Place, schema: Props, status: boolean): void {
  const before = place.errors.length
  if (status) checkStatusRoot(place, schema)
  if (schema.nullable === true) place.at('nullable').forbidden('nullable cannot be true at the root')
  const formless = formProblem(schema)
  if (formless === undefined) {
    const own = place.errors.length
    checkStructural(place, schema)
    if (place.errors.length === own) checkDefaults(place, schema)
  }
  checkOpenAPI(place, schema)
  // Rules are read by the types around them, which must be right first.
  if (place.errors.length === before && formless === undefined) ruleProblems(place, schema)
  if (formless !== undefined && place.errors.length === before) place.invalid('', formless)
}

interface Before {
  readonly spec: Spec
  /** By name, of versions whose schema has not changed since it was found right. */
  readonly unchanged: ReadonlySet<string>
}

function checkSchemas(place: Place, spec: Spec, before: Before | undefined): void {
  const all = list(spec)
  const status = (version: Version): boolean => version.subresources?.status !== undefined
  const fresh = (version: Version): boolean => before?.unchanged.has(version.name) !== true
  for (const [index, version] of all.entries())
    if (schemaOf(version) === undefined) place.at('versions').item(index).at('schema.openAPIV3Schema').required()
  const [first] = all
  const one = first === undefined ? undefined : schemaOf(first)
  if (one !== undefined && shared(spec, schemaOf)) {
    if (all.some(fresh)) checkSchema(place.at('validation.openAPIV3Schema'), one, all.some(status))
    return
  }
  for (const [index, version] of all.entries()) {
    const schema = schemaOf(version)
    if (schema !== undefined && fresh(version))
      checkSchema(place.at('versions').item(index).at('schema.openAPIV3Schema'), schema, status(version))
  }
}

function checkParts(place: Place, spec: Spec): void {
  const all = list(spec)
  const parts: readonly ((version: Version, at: Place) => void)[] = [
    (version, at) => checkSubresources(at.at('subresources'), version.subresources),
    (version, at) => at.at('additionalPrinterColumns').each(version.additionalPrinterColumns, checkColumn),
    (version, at) => checkSelectable(at.at('selectableFields'), version.selectableFields, schemaOf(version)),
  ]
  const of: readonly ((version: Version) => unknown)[] = [
    version => version.subresources,
    version => version.additionalPrinterColumns,
    version => [version.selectableFields, version.selectableFields === undefined ? undefined : schemaOf(version)],
  ]
  for (const [at, check] of parts.entries()) {
    const [first] = all
    if (first !== undefined && shared(spec, of[at] ?? (() => undefined))) check(first, place)
    else all.forEach((version, index) => check(version, place.at('versions').item(index)))
  }
}

/** Specs are long: what is shown of them is what can be read. */
function brief(versions: readonly Version[]): unknown {
  return versions.map(({ name, served, storage }) => ({ name, served, storage }))
}

function checkVersions(place: Place, spec: Spec): void {
  const names = new Set<string>()
  let unique = true
  place.each(spec.versions, (version, at) => {
    if (names.has(version.name)) unique = false
    names.add(version.name)
    const problems = dns1035Label(version.name)
    if (problems.length > 0) at.at('name').invalid(version.name, problems.join(','))
    checkDeprecation(at.at('deprecationWarning'), version)
  })
  if (!unique) place.invalid(brief(list(spec)), 'must contain unique version names')
  if (list(spec).filter(version => version.storage).length !== 1)
    place.invalid(brief(list(spec)), 'must have exactly one version marked as storage version')
}

function checkSpec(place: Place, spec: Spec, before: (Before & { readonly settled: boolean }) | undefined): void {
  if (!spec.group) place.at('group').required()
  else {
    const problems = dns1123Subdomain(spec.group)
    if (problems.length > 0) place.at('group').invalid(spec.group, problems.join(','))
    else if (!spec.group.includes('.'))
      place.at('group').invalid(spec.group, 'should be a domain with at least one dot')
  }
  place.at('scope').oneOf(spec.scope, ['Cluster', 'Namespaced'])
  checkVersions(place.at('versions'), spec)
  checkSchemas(place, spec, before)
  checkParts(place, spec)
  requireNames(place.at('names'), spec.names)
  checkNames(place.at('names'), spec.names)
  checkConversion(place.at('conversion'), spec.conversion, before?.settled === true)
}

function checkStored(place: Place, { spec, status }: Definition): void {
  const { storedVersions = [] } = status ?? {}
  const known = new Set(list(spec).map(one => one.name))
  if (storedVersions.length === 0) return place.invalid(null, 'must have at least one stored version')
  for (const { name, storage } of list(spec))
    if (storage && !storedVersions.includes(name))
      place.invalid(storedVersions, `must have the storage version ${name}`)
  place.each(storedVersions, (version, at) => {
    if (!known.has(version))
      at.invalid(
        version,
        `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`,
      )
  })
  return undefined
}

function checkApproval(place: Place, { spec, metadata }: Definition, old: Definition | undefined): void {
  if (!isProtected(spec.group)) return
  const { state, reason } = approvalOf(metadata.annotations)
  if (old !== undefined && approvalOf(old.metadata.annotations).state === state) return
  const at = place.at('annotations').key(approvalAnnotation)
  if (state === 'missing') at.required(reason)
  else if (state === 'invalid') at.invalid(metadata.annotations?.[approvalAnnotation], reason)
}

const isTrue = (definition: Definition, type: string): boolean =>
  definition.status?.conditions?.some(one => one.type === type && one.status === 'True') === true

function unchanged(spec: Spec, old: Spec): ReadonlySet<string> {
  const before = new Map(list(old).map(version => [version.name, version]))
  const same = (version: Version): boolean => {
    const was = before.get(version.name)
    return (
      was !== undefined &&
      (was.subresources?.status === undefined) === (version.subresources?.status === undefined) &&
      equal(schemaOf(was), schemaOf(version))
    )
  }
  return new Set(
    list(spec)
      .filter(same)
      .map(version => version.name),
  )
}

export function validateDefinition(
  definition: Definition,
  { old, subresource }: WriteContext<Definition>,
): readonly FieldError[] {
  const root = new Place('')
  const { spec, metadata, status } = definition
  if (status !== undefined) checkNames(root.at('status.acceptedNames'), status.acceptedNames)
  if (subresource !== '') return root.errors
  if (old === undefined && metadata.name !== `${spec.names.plural}.${spec.group}`)
    root.at('metadata.name').invalid(metadata.name, 'must be spec.names.plural+"."+spec.group')
  const place = root.at('spec')
  const settled = old !== undefined && isTrue(old, 'Established')
  checkSpec(
    place,
    spec,
    old === undefined ? undefined : { spec: old.spec, unchanged: unchanged(spec, old.spec), settled },
  )
  if (old !== undefined) checkFixed(place, { spec, old: old.spec, settled })
  checkStored(root.at('status.storedVersions'), definition)
  checkApproval(root.at('metadata'), definition, old)
  if (spec.preserveUnknownFields === true && old?.spec.preserveUnknownFields !== true)
    place
      .at('preserveUnknownFields')
      .invalid(
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      )
  return root.errors
}

interface Fixed {
  readonly spec: Spec
  readonly old: Spec
  readonly settled: boolean
}

function checkFixed(place: Place, { spec, old, settled }: Fixed): void {
  if (settled && spec.scope !== old.scope) place.at('scope').immutable(spec.scope)
  if (settled && spec.names.kind !== old.names.kind) place.at('names.kind').immutable(spec.names.kind)
  if (spec.group !== old.group) place.at('group').immutable(spec.group)
  if (spec.names.plural !== old.names.plural) place.at('names.plural').immutable(spec.names.plural)
}

/** Formats that nothing checks. */
export function unknownFormats(spec: Spec, isKnown: (type: string, format: string) => boolean): ReadonlySet<string> {
  const found = new Set<string>()
  for (const version of list(spec)) {
    const schema = schemaOf(version)
    if (schema !== undefined)
      eachSchema(schema, ({ type = '', format = '' }) => {
        if (format !== '' && !isKnown(type, format)) found.add(format)
      })
  }
  return found
}
