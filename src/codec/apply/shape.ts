/** What ownership needs to know of a schema, compiled once: what is owned as a whole, what by name, by key, by value. */
import type { Field, Schema } from '#api/schema.ts'
import type { ListKey } from './element.ts'

export type Shape =
  /** Scalars, and whatever is replaced as a whole. */
  | { readonly type: 'leaf' }
  | { readonly type: 'set' }
  | { readonly type: 'list'; readonly keys: readonly ListKey[]; readonly items: Shape }
  | MapShape
  /** What has no schema: objects by name, everything else as a whole. */
  | { readonly type: 'deduced' }

/** A list whose items are told apart. */
export type ListShape = Extract<Shape, { type: 'list' | 'set' }>

export interface MapShape {
  readonly type: 'map'
  /** Known fields; the others, if any, have the shape of `values`. */
  readonly field: (name: string) => FieldShape | undefined
  readonly values: Shape
}

export interface FieldShape {
  readonly shape: Shape
  /** `"f:name":`, as it is written. */
  readonly text: string
  /** What the field is in an object in which nothing was set: Go encodes some fields always. */
  readonly zero: Zero
}

/** `present` is an object with zero fields of its own, `null` an empty list, map or time. */
export type Zero =
  | { readonly type: 'absent' | 'present' | 'null' }
  | { readonly type: 'scalar'; readonly value: string | number | boolean }

const leaf: Shape = { type: 'leaf' }
const set: Shape = { type: 'set' }
export const deduced: Shape = { type: 'deduced' }

const bySchema = new WeakMap<Schema, Shape>()
const byField = new WeakMap<Field, FieldShape>()

export function shapeOf(schema: Schema): Shape {
  const known = bySchema.get(schema)
  if (known !== undefined) return known
  const made = compile(schema)
  bySchema.set(schema, made)
  return made
}

function compile(schema: Schema): Shape {
  if (schema.type === 'any') return schema.format === 'int-or-string' ? leaf : deduced
  if (schema.type === 'array') return listShape(schema, undefined)
  if (schema.type !== 'object' || schema.mapType === 'atomic') return leaf
  const { values } = schema
  const fields = new Map<string, FieldShape>()
  return {
    type: 'map',
    field: name => {
      const known = fields.get(name)
      if (known !== undefined) return known
      const field = schema.fields?.get(name)
      if (field === undefined) return undefined
      const made = fieldShape(field)
      fields.set(name, made)
      return made
    },
    get values() {
      return values === undefined ? deduced : shapeOf(values)
    },
  }
}

function fieldShape(field: Field): FieldShape {
  const known = byField.get(field)
  if (known !== undefined) return known
  const shape = field.schema.type === 'array' ? listShape(field.schema, field) : shapeOf(field.schema)
  const made = { shape, text: `${JSON.stringify(`f:${field.name}`)}:`, zero: zeroOf(field) }
  byField.set(field, made)
  return made
}

/** Older types say how their lists merge with patch marks only. */
function listShape(schema: Schema, field: Field | undefined): Shape {
  const { listType, items } = schema
  if (listType === 'atomic' || items === undefined) return leaf
  const merges = listType === undefined && field?.patchStrategy?.includes('merge') === true
  if (listType === 'set' || (merges && field.patchMergeKey === undefined)) return set
  const names = listType === 'map' ? schema.listMapKeys : merges ? [field.patchMergeKey ?? ''] : undefined
  if (names === undefined) return leaf
  const keys = names
    .toSorted()
    .map(name => ({ name, text: JSON.stringify(name), default: items.fields?.get(name)?.default }))
  return {
    type: 'list',
    keys,
    get items() {
      return shapeOf(items)
    },
  }
}

/** Custom resources have no zero values, and no field numbers. */
function zeroOf({ schema, number, omitEmpty, pointer }: Field): Zero {
  if (number === undefined || omitEmpty === true || pointer === true) return { type: 'absent' }
  if (schema.type === 'object') return { type: schema.fields === undefined ? 'null' : 'present' }
  if (schema.type === 'array' || schema.type === 'any') return { type: 'null' }
  if (schema.type === 'boolean') return { type: 'scalar', value: false }
  if (schema.type !== 'string' || schema.format === 'int-or-string') return { type: 'scalar', value: 0 }
  if (schema.format === 'date-time' || schema.format === 'micro-time') return { type: 'null' }
  return { type: 'scalar', value: schema.format === 'quantity' ? '0' : schema.format === 'duration' ? '0s' : '' }
}
