/** Fills in the defaults that a schema declares, for built-in kinds and custom resources alike. */
import type { Json } from '#api/metadata.ts'
import type { Field, Schema } from '#api/schema.ts'
import { anywhere } from './within.ts'

type Fields = Record<string, unknown>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Most schemas declare none, and are then never walked. */
const hasDefaults = anywhere(
  schema =>
    schema.items?.default !== undefined ||
    (schema.type === 'object' && schema.values?.default !== undefined) ||
    [...(schema.fields?.values() ?? [])].some(field => field.default !== undefined),
)

/** A null where none is allowed counts as absent where there is a default. */
const isMissing = (value: unknown, field: Field): boolean =>
  value === undefined || (value === null && field.schema.nullable !== true)

/** Changes the value, which must be the caller's alone. @returns whether anything was missing. */
export function applyDefaults(schema: Schema, value: unknown): boolean {
  if (!hasDefaults(schema)) return false
  if (Array.isArray(value)) {
    return schema.items !== undefined && inArray(schema.items, value)
  }
  return isObject(value) && inObject(schema, value)
}

/** Nulls among items and values that may be none. */
const filled = (schema: Schema, value: unknown): boolean =>
  value === null && schema.nullable !== true && schema.default !== undefined

function inArray(items: Schema, list: unknown[]): boolean {
  let changed = false
  for (let at = 0; at < list.length; at++) {
    if (filled(items, list[at])) {
      list[at] = copy(items.default ?? null)
      changed = true
    }
    changed = applyDefaults(items, list[at]) || changed
  }
  return changed
}

function inObject(schema: Schema, value: Fields): boolean {
  let changed = false
  for (const field of schema.fields?.values() ?? []) {
    const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined
    if (field.default !== undefined && isMissing(given, field)) {
      put(value, field.name, copy(field.default))
      changed = true
    }
    if (Object.hasOwn(value, field.name)) changed = applyDefaults(field.schema, value[field.name]) || changed
  }
  if (schema.values === undefined) return changed
  for (const key of Object.keys(value)) {
    if (schema.fields?.has(key) === true) continue
    if (filled(schema.values, value[key])) {
      put(value, key, copy(schema.values.default ?? null))
      changed = true
    }
    changed = applyDefaults(schema.values, value[key]) || changed
  }
  return changed
}

/** A custom resource may have a field called `__proto__`. */
function put(value: Fields, name: string, content: unknown): void {
  Object.defineProperty(value, name, { value: content, writable: true, enumerable: true, configurable: true })
}

function copy(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, inner === undefined ? inner : copy(inner)]),
  )
}
