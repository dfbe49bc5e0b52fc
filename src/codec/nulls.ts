/** A null where none is allowed says as much as an absent field, unless a default will stand in for it. */
import type { Schema } from '#api/schema.ts'

/** At the root these are for others. */
const ofRoot: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

/** Changes the value, which must be the caller's alone. */
export function dropNulls(schema: Schema, value: unknown, root = true): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    const { items } = schema
    if (items !== undefined) for (const item of value) dropNulls(items, item, false)
    return
  }
  for (const name of Object.keys(value)) {
    const field = schema.fields?.get(name)
    const inner = field?.schema ?? schema.values
    if (inner === undefined || (root && ofRoot.has(name))) continue
    const content: unknown = Reflect.get(value, name)
    const stays = inner.nullable === true || inner.default !== undefined || field?.default !== undefined
    if (content === null && !stays) Reflect.deleteProperty(value, name)
    else dropNulls(inner, content, false)
  }
}
