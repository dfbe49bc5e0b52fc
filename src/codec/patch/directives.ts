/** What strategic merge patches say beyond values, and how upstream names Go's types of values in its messages. */
import { type Fields, isObject, put } from './tree.ts'

export const marker = '$patch'
export const retainMarker = '$retainKeys'
export const orderPrefix = '$setElementOrder'
export const deletePrefix = '$deleteFromPrimitiveList'

export const isDirective = (key: string): boolean =>
  key.startsWith('$') &&
  (key === marker || key === retainMarker || key.startsWith(orderPrefix) || key.startsWith(deletePrefix))

export const hasDirective = (item: unknown): boolean => isObject(item) && Object.hasOwn(item, marker)

/** A value that meets nothing to merge with: without nulls and directives; undefined: not kept at all. */
export function fresh(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fresh).filter(item => item !== undefined)
  if (!isObject(value)) return value
  if (hasDirective(value)) return undefined
  const result: Fields = {}
  for (const key of Object.keys(value)) {
    const inner = value[key] === null || isDirective(key) ? undefined : fresh(value[key])
    if (inner !== undefined) put(result, key, inner)
  }
  return result
}

export function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'string'
    ? 'string'
    : Number.isInteger(value) || typeof value === 'bigint'
      ? 'int64'
      : 'float64'
}
