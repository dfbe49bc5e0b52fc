/** Objects inside of objects: their metadata is typed like everybody's. */
import type { Schema } from '#api/schema.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { decodePart } from './decode.ts'
import { DecodeError } from './errors.ts'
import { pathText } from './exactJson.ts'
import { anywhere } from './within.ts'

/** Only what is typed: names come out as upstream's, with `metadata` in front. */
const holder: Schema = {
  type: 'object',
  fields: new Map([['metadata', { name: 'metadata', schema: typeSchema('meta_v1.ObjectMeta') }]]),
}

/** Metadata as it is kept, and what of it nobody knows. @throws DecodeError */
export function typedMetadata(metadata: unknown): { readonly metadata: unknown; readonly unknown: readonly string[] } {
  const { value, unknown } = decodePart(holder, { metadata })
  return { metadata: (value as { metadata: unknown }).metadata, unknown }
}

const hasEmbedded = anywhere(schema => schema.embedded === true)

interface Walk {
  readonly path: (string | number)[]
  readonly unknown: string[]
}

/**
 * Changes the value, which must be the caller's alone. @returns paths of fields of metadata that nobody knows.
 * @throws DecodeError
 */
export function typeEmbedded(schema: Schema, value: unknown): readonly string[] {
  const walk: Walk = { path: [], unknown: [] }
  if (hasEmbedded(schema)) descend(schema, value, walk)
  return walk.unknown
}

function descend(schema: Schema, value: unknown, walk: Walk): void {
  if (typeof value !== 'object' || value === null || !hasEmbedded(schema)) return
  if (Array.isArray(value)) {
    const { items } = schema
    if (items !== undefined) value.forEach((item, index) => inside(items, item, [index, walk]))
    return
  }
  if (schema.embedded === true && walk.path.length > 0) here(value, walk)
  for (const name of Object.keys(value)) {
    const inner = schema.fields?.get(name)?.schema ?? schema.values
    if (inner !== undefined) inside(inner, Reflect.get(value, name), [name, walk])
  }
}

function here(value: object, walk: Walk): void {
  const place = pathText(walk.path)
  for (const name of ['apiVersion', 'kind'])
    if (Object.hasOwn(value, name) && typeof Reflect.get(value, name) !== 'string')
      throw new DecodeError(`${place}.${name}: Invalid value: must be a string`)
  if (!Object.hasOwn(value, 'metadata')) return
  const { metadata, unknown } = typedMetadata(Reflect.get(value, 'metadata'))
  Reflect.set(value, 'metadata', metadata)
  walk.unknown.push(...unknown.map(path => `${place}.${path}`))
}

function inside(schema: Schema, value: unknown, [part, walk]: readonly [string | number, Walk]): void {
  walk.path.push(part)
  descend(schema, value, walk)
  walk.path.pop()
}
