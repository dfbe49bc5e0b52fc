/** Fills in the defaults that a schema declares, for built-in kinds and custom resources alike. */
import type { Json } from '#api/metadata.ts'
import type { Field, Schema } from '#api/schema.ts'

type Fields = Record<string, unknown>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What of a schema is walked: most declares no default anywhere below, and is left out. */
interface Plan {
  readonly fields: readonly Field[]
  readonly items: Schema | undefined
  readonly values: Schema | undefined
}

const known = new WeakMap<Schema, boolean>()
const plans = new WeakMap<Schema, Plan>()

/** Whether anything in a schema declares a default. */
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

const within = (schema: Schema | undefined): Schema | undefined =>
  schema !== undefined && hasDefaults(schema) ? schema : undefined

function planOf(schema: Schema): Plan {
  const before = plans.get(schema)
  if (before !== undefined) return before
  const plan: Plan = {
    fields: [...(schema.fields?.values() ?? [])].filter(
      field => field.default !== undefined || hasDefaults(field.schema),
    ),
    items: within(schema.items),
    values: within(schema.values),
  }
  plans.set(schema, plan)
  return plan
}

/** A null where none is allowed counts as absent where there is a default. */
const isMissing = (value: unknown, field: Field): boolean =>
  value === undefined || (value === null && field.schema.nullable !== true)

/** Changes the value, which must be the caller's alone. @returns whether anything was missing. */
export const applyDefaults = (schema: Schema, value: unknown): boolean => hasDefaults(schema) && walk(schema, value)

/** Of a schema with defaults somewhere. */
function walk(schema: Schema, value: unknown): boolean {
  const plan = planOf(schema)
  if (!Array.isArray(value)) return isObject(value) && inObject(schema, plan, value)
  const { items } = plan
  let changed = false
  if (items !== undefined) for (const item of value) changed = walk(items, item) || changed
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
    const now = Object.hasOwn(value, field.name) ? value[field.name] : undefined
    if (typeof now === 'object' && now !== null && hasDefaults(field.schema))
      changed = walk(field.schema, now) || changed
  }
  if (values === undefined) return changed
  for (const key of Object.keys(value))
    if (schema.fields?.has(key) !== true) changed = walk(values, value[key]) || changed
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
