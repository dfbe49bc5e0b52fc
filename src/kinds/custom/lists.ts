/** Lists that are sets or maps hold nothing twice. */
import { stringifyJson } from '#codec/json.ts'
import type { Schema } from '#api/schema.ts'
import type { FieldError } from '#api/validation.ts'
import { anywhere } from '#codec/within.ts'
import { Place } from '../place.ts'

const hasKeys = anywhere(({ listType }) => listType === 'set' || listType === 'map')

export function listErrors(schema: Schema, object: unknown): readonly FieldError[] {
  const place = new Place('')
  descend(place, schema, object)
  return place.errors
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function descend(place: Place, schema: Schema, value: unknown): void {
  if (!hasKeys(schema)) return
  if (Array.isArray(value)) {
    if (schema.listType === 'set') distinct(place, value)
    if (schema.listType === 'map') keyed(place, schema.listMapKeys ?? [], value)
    const { items } = schema
    if (items !== undefined && hasKeys(items)) value.forEach((item, index) => descend(place.item(index), items, item))
    return
  }
  if (!isObject(value)) return
  for (const [name, content] of Object.entries(value)) {
    const field = schema.fields?.get(name)?.schema
    const inner = field ?? schema.values
    if (inner !== undefined) descend(field === undefined ? place.key(name) : place.at(name), inner, content)
  }
}

/** The second of several is named, once. */
function repeated(texts: readonly string[]): readonly number[] {
  const counts = new Map<string, number>()
  const found: number[] = []
  for (const [index, text] of texts.entries()) {
    const count = (counts.get(text) ?? 0) + 1
    counts.set(text, count)
    if (count === 2) found.push(index)
  }
  return found
}

/** One text for equal values, whatever the order of their keys. */
export function textOf(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`
  if (!isObject(value)) return stringifyJson(value)
  const names = Object.keys(value).toSorted()
  return `{${names.map(name => `${JSON.stringify(name)}:${textOf(value[name])}`).join(',')}}`
}

const distinct = (place: Place, list: readonly unknown[]): void => {
  for (const index of repeated(list.map(textOf))) place.item(index).duplicate(list[index])
}

function keyed(place: Place, keys: readonly string[], list: readonly unknown[]): void {
  const wrong = list.findIndex(item => item !== null && !isObject(item))
  if (wrong >= 0) return place.item(wrong).invalid(list[wrong], 'must be an object for an array of list-type map')
  const ids = list.map(item =>
    Object.fromEntries(
      keys
        .filter(key => isObject(item) && Object.hasOwn(item, key))
        .map(key => [key, isObject(item) ? item[key] : null]),
    ),
  )
  for (const index of repeated(ids.map(textOf))) place.item(index).duplicate(ids[index])
  return undefined
}
