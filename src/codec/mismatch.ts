/** Says which field had a value of the wrong type, in the words of Go's decoder. */
import type { Schema } from '#api/schema.ts'
import { DecodeError } from './errors.ts'

/** Thrown inside decoders; never leaves the codec. */
export class Mismatch extends Error {
  readonly value: unknown
  readonly schema: Schema
  constructor(value: unknown, schema: Schema) {
    super('mismatch')
    this.value = value
    this.schema = schema
  }
}

function jsonType(value: unknown, schema: Schema): string {
  if (typeof value === 'number' || typeof value === 'bigint')
    return schema.type === 'integer' ? `number ${value}` : 'number'
  if (typeof value === 'boolean') return 'bool'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'string' ? 'string' : 'object'
}

/** `io.k8s.api.core.v1.PodSpec` is `v1.PodSpec` to Go. */
const structName = (schema: Schema): string => schema.name?.split('.').slice(-2).join('.') ?? 'struct'

function goType(schema: Schema): string {
  if (schema.type === 'array') return `[]${goType(schema.items ?? { type: 'any' })}`
  if (schema.type === 'object' && schema.values !== undefined) return `map[string]${goType(schema.values)}`
  if (schema.type === 'object') return structName(schema)
  if (schema.type === 'integer') return schema.format ?? 'int64'
  if (schema.type === 'number') return 'float64'
  if (schema.type === 'boolean') return 'bool'
  return schema.format === 'int-or-string' ? 'int32' : 'string'
}

/** Go names the innermost struct, and the fields on the way without indexes and map keys. */
function place(root: Schema, path: readonly (string | number)[]): { struct: string; fields: readonly string[] } {
  let schema: Schema | undefined = root
  let struct = ''
  const fields: string[] = []
  for (const part of path) {
    const field: Schema | undefined = schema?.fields?.get(String(part))?.schema
    if (schema !== undefined && field !== undefined) {
      struct = structName(schema).split('.').at(-1) ?? ''
      fields.push(String(part))
    }
    schema = field ?? schema?.values ?? schema?.items
  }
  return { struct, fields }
}

export function explain(error: Mismatch, root: Schema, path: readonly (string | number)[]): DecodeError {
  const { struct, fields } = place(root, path)
  const into = fields.length === 0 ? 'Go value' : `Go struct field ${struct}.${fields.join('.')}`
  return new DecodeError(
    `json: cannot unmarshal ${jsonType(error.value, error.schema)} into ${into} of type ${goType(error.schema)}`,
  )
}
