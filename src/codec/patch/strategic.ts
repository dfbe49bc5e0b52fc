/**
 * Strategic merge patch: a merge patch in which lists may be merged by key or as sets, as the schema's patch marks say,
 * with directives for what a merge cannot say. Order and messages are upstream's.
 */
import type { Field, Schema } from '#api/schema.ts'
import { inexplicable, malformed } from './errors.ts'
import { deletePrefix, fresh, goType, isDirective, marker, orderPrefix, retainMarker } from './directives.ts'
import { type ListRule, mergedList, orderedList, without } from './lists.ts'
import { type Fields, copyOf, isObject, own, printed, put, shallow } from './tree.ts'

/** What the schema says of one field. */
interface Place {
  readonly schema: Schema
  readonly field: Field | undefined
}

/**
 * @param document given away: the result shares parts of it. The patch is never shared.
 * @throws StatusError BadRequest for what is no such patch, others as upstream.
 */
export function applyStrategicPatch(document: unknown, patch: unknown, schema: Schema): unknown {
  if (!isObject(patch))
    throw malformed('error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}')
  return mergedMap(isObject(document) ? document : {}, patch, schema)
}

const strategyOf = (field: Field | undefined): string | undefined =>
  field?.patchStrategy?.find(strategy => strategy !== 'retainKeys')

function placeOf(schema: Schema, key: string): Place {
  const field = schema.fields?.get(key)
  if (field !== undefined) return { schema: field.schema, field }
  const values = schema.type === 'any' ? schema : schema.values
  if (values !== undefined) return { schema: values, field: undefined }
  throw inexplicable(
    `unable to find api field in struct ${schema.name?.split('.').at(-1) ?? ''} for the json field ${JSON.stringify(key)}`,
  )
}

function mergedMap(original: Fields, patch: Fields, schema: Schema): Fields {
  if (Object.hasOwn(patch, marker)) return directed(patch)
  const result = shallow(original)
  retain(result, patch)
  const done = new Set<string>()
  for (const key of Object.keys(patch)) if (key.startsWith(orderPrefix)) done.add(order(result, patch, { key, schema }))
  for (const key of Object.keys(patch)) {
    if (key.startsWith(deletePrefix)) remove(result, key, patch[key])
    else if (!isDirective(key) && !done.has(key)) merge(result, patch, { key, schema })
  }
  return result
}

function directed(patch: Fields): Fields {
  const { [marker]: directive, ...rest } = patch
  if (directive === 'replace') return shallow(copyOf(rest) as Fields)
  if (directive === 'delete') return {}
  throw inexplicable(`unknown patch type: ${printed(directive)} in map: ${printed(patch)}`)
}

/** Only the named fields stay; the patch may set no others. */
function retain(result: Fields, patch: Fields): void {
  if (!Object.hasOwn(patch, retainMarker)) return
  const named = patch[retainMarker]
  if (!Array.isArray(named)) throw malformed('invalid patch format of retainKeys')
  const keys = new Set<unknown>(named)
  for (const key of Object.keys(patch))
    if (patch[key] !== null && !isDirective(key) && !keys.has(key))
      throw malformed('invalid patch format of retainKeys')
  for (const key of Object.keys(result)) if (!keys.has(key)) Reflect.deleteProperty(result, key)
}

function ruleOf({ schema, field }: Place, home: Schema): ListRule {
  const items = schema.items ?? { type: 'any' }
  return {
    mergeKey: field?.patchMergeKey ?? '',
    name: home.name ?? '',
    merge: (before, patch) => mergedMap(before, patch, items),
  }
}

interface At {
  readonly key: string
  readonly schema: Schema
}

function listAt(object: Fields, key: string): unknown[] | undefined {
  if (!Object.hasOwn(object, key)) return undefined
  const value = object[key]
  if (Array.isArray(value)) return value
  throw inexplicable(`expected a []interface {}, but received a ${goType(value)}`)
}

/** Merges the list that an order is given for, and puts it into that order. @returns the list's field. */
function order(result: Fields, patch: Fields, { key, schema }: At): string {
  const wanted = patch[key]
  if (!key.startsWith(`${orderPrefix}/`)) throw malformed('invalid patch format of setElementOrder list')
  if (!Array.isArray(wanted)) throw inexplicable(`expected a []interface {}, but received a ${goType(wanted)}`)
  const name = key.slice(orderPrefix.length + 1)
  const live = listAt(result, name)
  const given = listAt(patch, name)
  if (live === undefined && given === undefined) return name
  const place = placeOf(schema, name)
  const rule = ruleOf(place, schema)
  const list = { live: live ?? [], patch: given ?? [], merges: strategyOf(place.field) === 'merge' }
  put(result, name, orderedList({ ...list, added: live === undefined, kept: given === undefined }, wanted, rule))
  return name
}

function remove(result: Fields, key: string, values: unknown): void {
  if (!key.startsWith(`${deletePrefix}/`) || !Array.isArray(values))
    throw malformed('invalid patch format of primitive list')
  const name = key.slice(deletePrefix.length + 1)
  const live = own(result, name)
  if (Array.isArray(live)) put(result, name, without(live, values))
}

function merge(result: Fields, patch: Fields, { key, schema }: At): void {
  const value = patch[key]
  if (value === null || value === undefined) {
    Reflect.deleteProperty(result, key)
    return
  }
  const before = own(result, key)
  let after: unknown
  if (isObject(before) && isObject(value)) {
    const place = placeOf(schema, key)
    after = strategyOf(place.field) === 'replace' ? copyOf(value) : mergedMap(before, value, place.schema)
  } else if (Array.isArray(before) && Array.isArray(value)) {
    const place = placeOf(schema, key)
    after = strategyOf(place.field) === 'merge' ? mergedList(before, value, ruleOf(place, schema)) : copyOf(value)
  } else after = fresh(value)
  if (after === undefined) Reflect.deleteProperty(result, key)
  else put(result, key, after)
}
