/** Custom resources: their metadata is typed like everybody's, the rest is what their schema keeps of it. */
import type { Draft, KObject } from '#api/metadata.ts'
import type { Schema } from '#api/schema.ts'
import type { Decoded } from './decode.ts'
import { typeEmbedded, typedMetadata } from './embedded.ts'
import { DecodeError } from './errors.ts'
import { dropNulls } from './nulls.ts'
import { pruneUnknown } from './prune.ts'

/**
 * As decodeTyped for a custom resource: unknown fields are dropped and named, metadata is checked and made canonical, nulls
 * that mean nothing are gone. Types and defaults of the rest are for the schema's own validation and defaulting.
 * @param value from parseJson or parseYaml; given away.
 * @throws DecodeError
 */
export function decodeCustom(schema: Schema, value: unknown): Decoded {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DecodeError('json: cannot unmarshal into Go value of type map[string]interface {}')
  const given = value as Record<string, unknown>
  for (const name of ['apiVersion', 'kind'])
    if (typeof given[name] !== 'string') throw new DecodeError(`Object '${name}' is missing or no string`)
  const typed = typedMetadata(given['metadata'] ?? {})
  const unknown = pruneUnknown(schema, given)
  const embedded = typeEmbedded(schema, given)
  dropNulls(schema, given)
  const { apiVersion, kind, metadata: _, ...rest } = given
  const object = { apiVersion, kind, metadata: typed.metadata, ...rest } as Draft<KObject>
  return { object, unknown: [...typed.unknown, ...unknown, ...embedded] }
}
