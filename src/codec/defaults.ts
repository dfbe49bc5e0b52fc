/** Fills in the defaults that a schema declares, for built-in kinds and custom resources alike. */
import type { Json } from '#api/metadata.ts'
import type { Field, Schema } from '#api/schema.ts'

type Fields = Record<string, unknown>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const known = new WeakMap<Schema, boolean>()

/** Whether anything in a schema declares a default; most do not, and are then never walked. */
function hasDefaults(schema: Schema): boolean {
  const before = known.get(schema)
  if (before !== undefined) return before
  // While it is being found out the answer is no, so that a schema inside itself ends.
  known.set(schema, false)
  const fields = [...(schema.fields?.values() ?? [])]
  const own = fields.some(field => field.default !== undefined || hasDefaults(field.schema))
  const found = own || (schema.items !== undefined && hasDefaults(schema.items)) || hasInValues(schema)
  known.set(schema, found)
  return found
}

const hasInValues = (schema: Schema): boolean =>
  schema.type === 'object' && schema.values !== undefined && hasDefaults(schema.values)

/** A null where none is allowed counts as absent where there is a default. */
const isMissing = (value: unknown, field: Field): boolean =>
  value === undefined || (value === null && field.schema.nullable !== true)

/** Changes the value, which must be the caller's alone. @returns whether anything was missing. */
export function applyDefaults(schema: Schema, value: unknown): boolean {
  if (!hasDefaults(schema)) return false
  if (Array.isArray(value)) {
    const items = schema.items
    return items !== undefined && value.reduce<boolean>((changed, item) => applyDefaults(items, item) || changed, false)
  }
  return isObject(value) && inObject(schema, value)
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
  for (const key of Object.keys(value))
    if (schema.fields?.has(key) !== true) changed = applyDefaults(schema.values, value[key]) || changed
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
