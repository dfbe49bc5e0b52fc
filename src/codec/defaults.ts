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

/** What of a schema is walked. */
interface Plan {
  readonly fields: readonly Field[]
  readonly items: Schema | undefined
  readonly values: Schema | undefined
}

const plans = new WeakMap<Schema, Plan>()

const worthwhile = (schema: Schema | undefined): Schema | undefined =>
  schema !== undefined && (schema.default !== undefined || hasDefaults(schema)) ? schema : undefined

function planOf(schema: Schema): Plan {
  const before = plans.get(schema)
  if (before !== undefined) return before
  const plan: Plan = {
    fields: [...(schema.fields?.values() ?? [])].filter(
      field => field.default !== undefined || hasDefaults(field.schema),
    ),
    items: worthwhile(schema.items),
    values: worthwhile(schema.type === 'object' ? schema.values : undefined),
  }
  plans.set(schema, plan)
  return plan
}

/** A null where none is allowed counts as absent where there is a default. */
const isMissing = (value: unknown, field: Field): boolean =>
  value === undefined || (value === null && field.schema.nullable !== true)

/** Changes the value, which must be the caller's alone. @returns whether anything was missing. */
export function applyDefaults(schema: Schema, value: unknown): boolean {
  if (!hasDefaults(schema) || typeof value !== 'object' || value === null) return false
  const plan = planOf(schema)
  if (!Array.isArray(value)) return isObject(value) && inObject(schema, plan, value)
  return plan.items !== undefined && inArray(plan.items, value)
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

function inObject(schema: Schema, { fields, values }: Plan, value: Fields): boolean {
  let changed = false
  for (const field of fields) {
    const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined
    if (field.default !== undefined && isMissing(given, field)) {
      put(value, field.name, copy(field.default))
      changed = true
    }
    if (Object.hasOwn(value, field.name)) changed = applyDefaults(field.schema, value[field.name]) || changed
  }
  if (values === undefined) return changed
  for (const key of Object.keys(value)) {
    if (schema.fields?.has(key) === true) continue
    if (filled(values, value[key])) {
      put(value, key, copy(values.default ?? null))
      changed = true
    }
    changed = applyDefaults(values, value[key]) || changed
  }
  return changed
}

/** A custom resource may have a field called `__proto__`. */
function put(value: Fields, name: string, content: unknown): void {
  if (name !== '__proto__') {
    value[name] = content
    return
  }
  Object.defineProperty(value, name, { value: content, writable: true, enumerable: true, configurable: true })
}

function copy(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, inner === undefined ? inner : copy(inner)]),
  )
}
