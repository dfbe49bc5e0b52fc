/** Whether something is to be found anywhere in a schema: most walks end before they begin. */
import type { Schema } from '#api/schema.ts'

/** @returns the question, answered once for each schema. */
export function anywhere(has: (schema: Schema) => boolean): (schema: Schema) => boolean {
  const known = new WeakMap<Schema, boolean>()
  const ask = (schema: Schema): boolean => {
    const before = known.get(schema)
    if (before !== undefined) return before
    // While it is being found out the answer is no, so that a schema inside itself ends.
    known.set(schema, false)
    const { fields, items, values, type } = schema
    const found =
      has(schema) ||
      [...(fields?.values() ?? [])].some(field => ask(field.schema)) ||
      (items !== undefined && ask(items)) ||
      (type === 'object' && values !== undefined && ask(values))
    known.set(schema, found)
    return found
  }
  return ask
}
