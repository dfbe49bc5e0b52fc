/**
 * Who creates one pod often creates a thousand like it: their values differ, their fields and keys do not, and so neither
 * does the text of what their creator owns. A skeleton is what that text depends on; matching one is cheaper than writing it.
 */
import { isObject } from '../patch/tree.ts'
import type { FieldShape, Shape } from './shape.ts'
import { mapOf } from './whole.ts'

export type Skeleton =
  | { readonly type: 'map'; readonly keys: readonly string[]; readonly inner: readonly (Skeleton | undefined)[] }
  | { readonly type: 'list'; readonly keys: readonly string[]; readonly items: readonly Item[] }
  | { readonly type: 'set'; readonly values: readonly unknown[] }
  /** Whether it is as if it had not been set. */
  | { readonly type: 'zero'; readonly of: unknown; readonly zero: boolean }
  | { readonly type: 'hollow'; readonly hollow: boolean }
  /** No container, where there could be one. */
  | { readonly type: 'scalar' }

interface Item {
  readonly values: readonly unknown[]
  readonly inner: Skeleton | undefined
}

/** @returns undefined for what is owned as a whole whatever it is. */
export function skeletonOf(shape: Shape, value: unknown): Skeleton | undefined {
  if (shape.type === 'leaf') return undefined
  const map = mapOf(shape)
  if (map !== undefined && isObject(value)) {
    const keys = Object.keys(value)
    return { type: 'map', keys, inner: keys.map(key => fieldSkeleton(map.field(key), map.values, value[key])) }
  }
  if (!Array.isArray(value) || shape.type === 'deduced' || shape.type === 'map') return { type: 'scalar' }
  if (shape.type === 'set') return { type: 'set', values: [...(value as unknown[])] }
  const keys = shape.keys.map(key => key.name)
  const items = value.map((item: unknown) => ({ values: valuesOf(item, keys), inner: skeletonOf(shape.items, item) }))
  return { type: 'list', keys, items }
}

function fieldSkeleton(field: FieldShape | undefined, values: Shape, value: unknown): Skeleton | undefined {
  if (value === undefined) return { type: 'zero', of: undefined, zero: true }
  if (field === undefined || field.zero.type === 'absent') return skeletonOf(field?.shape ?? values, value)
  if (field.zero.type === 'scalar') return { type: 'zero', of: field.zero.value, zero: value === field.zero.value }
  if (value === null) return { type: 'zero', of: null, zero: true }
  return field.shape.type === 'leaf' ? { type: 'hollow', hollow: isHollow(value) } : skeletonOf(field.shape, value)
}

/** An empty list or object. */
export const isHollow = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0

const valuesOf = (item: unknown, keys: readonly string[]): readonly unknown[] =>
  isObject(item) ? keys.map(key => item[key]) : [item]

/** Whether a value has this skeleton, its keys in the same order. */
export function matches(skeleton: Skeleton | undefined, value: unknown): boolean {
  if (skeleton === undefined) return value !== undefined
  switch (skeleton.type) {
    case 'map':
      return isObject(value) && matchesMap(skeleton, value)
    case 'list':
      return Array.isArray(value) && matchesList(skeleton, value)
    case 'set':
      return (
        Array.isArray(value) &&
        value.length === skeleton.values.length &&
        value.every((item, at) => item === skeleton.values[at])
      )
    case 'zero':
      return (value === skeleton.of) === skeleton.zero
    case 'hollow':
      return value !== undefined && value !== null && isHollow(value) === skeleton.hollow
    case 'scalar':
      return value !== undefined && !isObject(value) && !Array.isArray(value)
  }
}

function matchesMap({ keys, inner }: Skeleton & { type: 'map' }, value: Readonly<Record<string, unknown>>): boolean {
  let at = 0
  for (const key in value) {
    if (key !== keys[at] || !matches(inner[at], value[key])) return false
    at++
  }
  return at === keys.length
}

function matchesList({ keys, items }: Skeleton & { type: 'list' }, value: readonly unknown[]): boolean {
  if (value.length !== items.length) return false
  for (let at = 0; at < items.length; at++) {
    const item = items[at]
    const found = value[at]
    if (item === undefined || !isObject(found)) return false
    for (let key = 0; key < keys.length; key++) if (found[keys[key] ?? ''] !== item.values[key]) return false
    if (!matches(item.inner, found)) return false
  }
  return true
}
