/** What makes a schema structural: every field that is validated is also specified, and nothing is said twice. */
import { equal } from '#base/equal.ts'
import { patternProblem } from '#codec/values/pattern.ts'
import { Place } from '../place.ts'
import { type Props, itemsOf, propertiesOf, propertyOf, valuesOf } from './schemas.ts'

type Level = 'root' | 'item' | 'field'

const emptyType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

/** Adds what is wrong to the place's errors, in upstream's order: by message. */
export function checkStructural(place: Place, schema: Props): void {
  const own = new Place(place.path())
  checkInvariants(own, schema, 'root')
  checkComplete({ value: own, structure: own }, schema, schema)
  const texts = own.errors.map(error => ({ error, text: error.message() }))
  place.errors.push(...texts.toSorted((a, b) => (a.text < b.text ? -1 : 1)).map(one => one.error))
}

function checkInvariants(place: Place, schema: Props, level: Level): void {
  const items = itemsOf(schema)
  if (schema.type === 'array' && items === undefined) place.at('items').required('must be specified')
  if (items !== undefined) checkInvariants(place.at('items'), items, 'item')
  for (const [name, inner] of propertiesOf(schema)) checkInvariants(place.at('properties').key(name), inner, 'field')
  if (schema.additionalProperties !== undefined) {
    if (level === 'root') place.at('additionalProperties').forbidden('must not be used at the root')
    const values = valuesOf(schema)
    if (values !== undefined) checkInvariants(place.at('additionalProperties'), values, 'field')
  }
  checkExtensions(place, schema)
  const { anyOf, allOf } = schema
  checkValues(place, schema, { any: isIntOrString(anyOf), all: isIntOrString(allOf?.[0]?.anyOf) })
  checkType(place, schema, level)
  checkMeta(place, schema, level)
}

function checkExtensions(place: Place, schema: Props): void {
  if (schema['x-kubernetes-int-or-string'] !== true) return
  for (const name of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    if (schema[name] === true) place.at(name).invalid(true, 'must be false if x-kubernetes-int-or-string is true')
}

function checkType(place: Place, schema: Props, level: Level): void {
  const { type = '' } = schema
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const at = place.at('type')
  const object = 'must be object if x-kubernetes-embedded-resource is true'
  if (embedded && type !== 'object') {
    if (type === '') at.required(object)
    else at.invalid(type, object)
  } else if (
    type === '' &&
    schema['x-kubernetes-int-or-string'] !== true &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true
  )
    at.required(emptyType[level])
  if (embedded && schema.additionalProperties !== undefined)
    place.at('additionalProperties').forbidden('must not be used if x-kubernetes-embedded-resource is set')
  if (level === 'root' && type !== '' && type !== 'object') at.invalid(type, 'must be object at the root')
}

function checkMeta(place: Place, schema: Props, level: Level): void {
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const checked = level === 'root' || embedded
  for (const name of ['kind', 'apiVersion']) {
    const found = propertyOf(schema, name)
    if (checked && found !== undefined && found.type !== 'string')
      place
        .at('properties')
        .key(name)
        .at('type')
        .invalid(found.type ?? '', 'must be string')
  }
  const metadata = propertyOf(schema, 'metadata')
  if (metadata !== undefined) {
    const at = place.at('properties').key('metadata')
    if (checked && metadata.type !== 'object') at.at('type').invalid(metadata.type ?? '', 'must be object')
    if (level === 'root' && !isNamesOnly(metadata))
      at.forbidden('must not specify anything other than name and generateName, but metadata is implicitly specified')
  }
  if (embedded && schema['x-kubernetes-preserve-unknown-fields'] !== true && propertiesOf(schema).length === 0)
    place
      .at('properties')
      .required(
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      )
}

function isNamesOnly(metadata: Props): boolean {
  const { type: _t, default: _d, properties, ...rest } = metadata
  const names = Object.keys(properties ?? {})
  return Object.keys(rest).length === 0 && names.every(name => name === 'name' || name === 'generateName')
}

const intOrString = [{ type: 'integer' }, { type: 'string' }]
const isIntOrString = (anyOf: readonly Props[] | undefined): boolean => equal(anyOf, intOrString)

interface Skipped {
  /** The pattern of int-or-string stands in anyOf. */
  readonly any: boolean
  /** It stands in the first of allOf. */
  readonly all: boolean
}
const none: Skipped = { any: false, all: false }

function checkValues(place: Place, schema: Props, skip: Skipped): void {
  if (!skip.any) place.at('anyOf').each(schema.anyOf, (one, at) => checkNested(at, one, none))
  const all = place.at('allOf')
  schema.allOf?.forEach((one, index) => checkNested(all.item(index), one, { any: skip.all && index === 0, all: false }))
  place.at('oneOf').each(schema.oneOf, (one, at) => checkNested(at, one, none))
  if (schema.not !== undefined) checkNested(place.at('not'), schema.not, none)
  const problem = schema.pattern === undefined || schema.pattern === '' ? undefined : patternProblem(schema.pattern)
  if (problem !== undefined)
    place.at('pattern').invalid(schema.pattern, `must be a valid regular expression, but isn't: ${problem}`)
}

const mustBe: readonly (readonly [name: keyof Props, what: string])[] = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
]

const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0)

function checkNested(place: Place, schema: Props, skip: Skipped): void {
  checkValues(place, schema, skip)
  const items = itemsOf(schema)
  if (items !== undefined) checkNested(place.at('items'), items, none)
  for (const [name, inner] of propertiesOf(schema)) checkNested(place.at('properties').key(name), inner, none)
  for (const [name, what] of mustBe)
    if (isSaid(schema[name])) place.at(name).forbidden(`must be ${what} to be structural`)
  if (propertyOf(schema, 'metadata') !== undefined)
    place.at('properties').key('metadata').forbidden('must not be specified in a nested context')
}

interface Places {
  /** Where something is validated. */
  readonly value: Place
  /** Where it is specified. */
  readonly structure: Place
}

function checkComplete({ value, structure }: Places, schema: Props, own: Props | undefined): void {
  if (schema.not !== undefined) checkCounterpart({ value: value.at('not'), structure }, schema.not, own)
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    schema[word]?.forEach((one, index) => checkCounterpart({ value: value.at(word).item(index), structure }, one, own))
}

function checkCounterpart({ value, structure }: Places, schema: Props, own: Props | undefined): void {
  if (own === undefined) return structure.required(`because it is defined in ${value.path()}`)
  checkComplete({ value, structure }, schema, own)
  const items = itemsOf(schema)
  if (items !== undefined)
    checkCounterpart({ value: value.at('items'), structure: structure.at('items') }, items, itemsOf(own))
  for (const [name, inner] of propertiesOf(schema))
    checkCounterpart(
      { value: value.at('properties').key(name), structure: structure.at('properties').key(name) },
      inner,
      propertyOf(own, name),
    )
  return undefined
}
