/** What a definition's schema may say of values, fields and lists: the rules that hold for every schema in it. */
import type { Place } from '../place.ts'
import { type Props, isProps, isSet, itemsOf, propertiesOf, propertyOf, unsupported, valuesOf } from './schemas.ts'

interface Context {
  /** Why no default may stand here; undefined: it may. */
  readonly noDefaults: string | undefined
  /** Inside of apiVersion, kind or metadata. */
  readonly inMeta: boolean
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const metaFields = new Set(['metadata', 'kind', 'apiVersion'])

export const checkOpenAPI = (place: Place, schema: Props): void =>
  check(place, schema, { root: true, context: { noDefaults: undefined, inMeta: false } })

interface Rest {
  readonly root: boolean
  readonly context: Context
}

function check(place: Place, schema: Props, { root, context }: Rest): void {
  checkStandard(place, schema, context)
  if (schema.uniqueItems === true)
    place
      .at('uniqueItems')
      .forbidden('uniqueItems cannot be set to true since the runtime complexity becomes quadratic')
  checkAdditional(place, schema, context)
  for (const [name, inner] of propertiesOf(schema)) {
    const meta = (root || schema['x-kubernetes-embedded-resource'] === true) && metaFields.has(name)
    check(place.at('properties').key(name), inner, {
      root: false,
      context: {
        noDefaults: meta && root ? `in top-level ${name}` : context.noDefaults,
        inMeta: context.inMeta || meta,
      },
    })
  }
  const inside = { root: false, context }
  if (schema.not !== undefined) check(place.at('not'), schema.not, inside)
  for (const word of ['allOf', 'oneOf', 'anyOf'] as const)
    place.at(word).each(schema[word], (one, at) => check(at, one, inside))
  const items = itemsOf(schema)
  if (items !== undefined) check(place.at('items'), items, inside)
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    place.at('x-kubernetes-preserve-unknown-fields').invalid(false, 'must be true or undefined')
  checkMapType(place, schema)
  checkListType(place, schema)
  checkKeys(place, schema)
  checkRules(place, schema)
}

function checkStandard(place: Place, schema: Props, context: Context): void {
  const { type = '' } = schema
  if (type !== '' && !types.includes(type)) place.at('type').unsupported(type, types)
  if (schema.default !== undefined && context.noDefaults !== undefined)
    place.at('default').forbidden(`must not be set ${context.noDefaults}`)
  for (const name of unsupported) if (isSet(schema[name])) place.at(name).forbidden(`${name} is not supported`)
  if (type === 'null') place.at('type').forbidden('type cannot be set to null, use nullable as an alternative')
  if (Array.isArray(schema.items)) place.at('items').forbidden('items must be a schema object and not an array')
  if (context.inMeta && schema['x-kubernetes-embedded-resource'] === true)
    place.at('x-kubernetes-embedded-resource').forbidden('must not be used inside of resource meta')
}

function checkAdditional(place: Place, schema: Props, context: Context): void {
  const { additionalProperties: other } = schema
  if (other === undefined) return
  const at = place.at('additionalProperties')
  if (propertiesOf(schema).length > 0 && other !== true)
    at.forbidden('additionalProperties and properties are mutual exclusive')
  const noDefaults = context.inMeta ? 'inside additionalProperties applying to object metadata' : context.noDefaults
  const values = valuesOf(schema)
  if (values !== undefined) check(at, values, { root: false, context: { ...context, noDefaults } })
}

function checkMapType(place: Place, schema: Props): void {
  const mapType = schema['x-kubernetes-map-type']
  if (mapType === undefined) return
  const { type = '' } = schema
  const object = 'must be object if x-kubernetes-map-type is specified'
  if (type === '') place.at('type').required(object)
  else if (type !== 'object') place.at('type').invalid(type, object)
  if (mapType !== 'atomic' && mapType !== 'granular')
    place.at('x-kubernetes-map-type').unsupported(mapType, ['atomic', 'granular'])
}

function checkListType(place: Place, schema: Props): void {
  const listType = schema['x-kubernetes-list-type']
  if (listType === undefined) return
  const { type = '' } = schema
  const array = 'must be array if x-kubernetes-list-type is specified'
  if (type === '') place.at('type').required(array)
  else if (type !== 'array') place.at('type').invalid(type, array)
  else if (listType === 'set') checkSet(place.at('items'), itemsOf(schema))
  if (!['atomic', 'set', 'map'].includes(listType))
    place.at('x-kubernetes-list-type').unsupported(listType, ['atomic', 'set', 'map'])
}

function checkSet(place: Place, items: Props | undefined): void {
  const atomic = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const listType = items?.['x-kubernetes-list-type']
  if (items?.type === 'array' && listType !== undefined && listType !== 'atomic')
    place.at('x-kubernetes-list-type').invalid(listType, atomic)
  if (items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    place.at('x-kubernetes-map-type').invalid(listType, atomic)
}

function checkKeys(place: Place, schema: Props): void {
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const map = 'must be map if x-kubernetes-list-map-keys is non-empty'
  if (keys.length > 0 && listType === undefined) place.at('x-kubernetes-list-type').required(map)
  else if (keys.length > 0 && listType !== 'map') place.at('x-kubernetes-list-type').invalid(listType, map)
  const items = itemsOf(schema)
  if (listType === 'map') {
    if (keys.length === 0)
      place.at('x-kubernetes-list-map-keys').required('must not be empty if x-kubernetes-list-type is map')
    if (schema.items === undefined) place.at('items').required('must have a schema if x-kubernetes-list-type is map')
    else if (!isProps(schema.items))
      place.at('items').invalid(schema.items, 'must only have a single schema if x-kubernetes-list-type is map')
    if (items !== undefined && items.type !== 'object')
      place.at('items.type').invalid(items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map")
    if (items?.type === 'object') checkKeyFields(place, items, keys)
  }
  if (items !== undefined && (listType === 'map' || listType === 'set')) checkKeyed(place.at('items'), schema, items)
}

function checkKeyFields(place: Place, items: Props, keys: readonly string[]): void {
  const at = place.at('x-kubernetes-list-map-keys')
  const seen = new Set<string>()
  for (const key of keys) {
    const field = propertyOf(items, key)
    if (field === undefined) at.invalid(keys, 'entries must all be names of item properties')
    else if (field.type === 'array' || field.type === 'object')
      place
        .at('items.properties')
        .key(key)
        .at('type')
        .invalid(items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map")
    if (seen.has(key)) at.invalid(keys, 'must not contain duplicate entries')
    seen.add(key)
  }
}

/** Items of sets and maps are told apart by what they hold, so that it has to be there. */
function checkKeyed(place: Place, schema: Props, items: Props): void {
  const listType = schema['x-kubernetes-list-type'] ?? ''
  if (items.nullable === true)
    place.at('nullable').forbidden(`cannot be nullable when x-kubernetes-list-type is ${listType}`)
  if (listType !== 'map') return
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const field = propertyOf(items, key)
    if (field === undefined) continue
    const at = place.at('properties').key(key)
    if (items.required?.includes(key) !== true && field.default === undefined)
      at.at('default').required(
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      )
    if (field.nullable === true)
      at.at('nullable').forbidden('this property is in x-kubernetes-list-map-keys, so it cannot be nullable')
  }
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']
const broken = /[\n\r]/

function checkRules(place: Place, schema: Props): void {
  place.at('x-kubernetes-validations').each(schema['x-kubernetes-validations'], (rule, at) => {
    const { message = '', messageExpression = '', fieldPath = '', reason } = rule
    const text = rule.rule.trim()
    if (text === '') at.at('rule').required('rule is not specified')
    else if (message !== '' && message.trim() === '')
      at.at('message').invalid(message, 'must be non-empty if specified')
    else if (broken.test(message.trim())) at.at('message').invalid(message, 'must not contain line breaks')
    else if (broken.test(text) && message.trim() === '')
      at.at('message').required('message must be specified if rule contains line breaks')
    if (messageExpression !== '' && messageExpression.trim() === '')
      at.at('messageExpression').required('messageExpression must be non-empty if specified')
    if (reason !== undefined && !reasons.includes(reason)) at.at('reason').unsupported(reason, reasons)
    if (fieldPath !== '' && fieldPath.trim() === '')
      at.at('fieldPath').invalid(fieldPath, 'must be non-empty if specified')
    if (broken.test(fieldPath)) at.at('fieldPath').invalid(fieldPath, 'must not contain line breaks')
    if (fieldPath !== '' && typeof fieldAt(schema, fieldPath) === 'string')
      at.at('fieldPath').invalid(fieldPath, 'must be a valid path')
  })
}

const token = /\.([^.[\]']+)|\['((?:[^'\\]|\\.)*)'\]/y

/** The schema of the field that a path such as `.spec.colors['red']` names, or why there is none. */
export function fieldAt(schema: Props, path: string, brackets = true): Props | string {
  const found = followPath(schema, path, brackets)
  return typeof found === 'string' ? found : found.schema
}

/** As messages show it: `spec.colors[red]` where the colors are a map. '' for a path that leads nowhere. */
export function shownPath(schema: Props, path: string): string {
  const found = followPath(schema, path)
  return typeof found === 'string' ? '' : found.shown
}

function followPath(schema: Props, path: string, brackets = true): { schema: Props; shown: string } | string {
  let at: Props | undefined = schema
  let shown = ''
  token.lastIndex = 0
  let end = 0
  while (end < path.length) {
    token.lastIndex = end
    const found = token.exec(path)
    if (found === null)
      return path[end] === '[' && !brackets
        ? 'array notation is not allowed'
        : 'expected [ or . but got: ' + path.slice(end)
    if (found[2] !== undefined && !brackets) return 'array notation is not allowed'
    const name: string = found[1] ?? found[2]?.replaceAll(/\\(.)/g, '$1') ?? ''
    const isEntry: boolean = at.properties === undefined
    at = isEntry ? valuesOf(at) : propertyOf(at, name)
    if (at === undefined) return 'does not refer to a valid field'
    shown += isEntry ? `[${name}]` : shown === '' ? name : `.${name}`
    end = token.lastIndex
  }
  return { schema: at, shown }
}
