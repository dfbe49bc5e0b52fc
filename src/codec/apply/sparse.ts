/** A configuration as it was sent, with its values in canonical form: neither defaults nor zero values are the applier's wish. */
import type { Schema } from '#api/schema.ts'
import { type Fields, isObject, own, put } from '../patch/tree.ts'

/**
 * @param typed the decoded form of `sent`, with everything that decoding adds and drops.
 * @returns what of `typed` was sent; values that decoding drops because they say nothing are kept, unknown fields are not.
 */
export function sentPart(schema: Schema, typed: unknown, sent: unknown): unknown {
  if (isObject(sent)) return isObject(typed) && schema.type === 'object' ? object(schema, typed, sent) : typed
  if (Array.isArray(sent) && Array.isArray(typed) && schema.items !== undefined) {
    const { items } = schema
    return typed.map((item, at) => sentPart(items, item, sent[at]))
  }
  return typed
}

function object(schema: Schema, typed: Fields, sent: Fields): Fields {
  const result: Fields = {}
  for (const name of Object.keys(sent)) {
    const inner = schema.fields?.get(name)?.schema ?? schema.values
    if (sent[name] === undefined || (sent[name] === null && inner?.nullable !== true)) continue
    const value = own(typed, name)
    if (value !== undefined) put(result, name, inner === undefined ? value : sentPart(inner, value, sent[name]))
    else if (inner !== undefined) put(result, name, isObject(sent[name]) ? {} : sent[name])
  }
  return result
}
