/**
 * FieldsV1 of an object that was just created, written directly: this runs on every create. It equals the comparison with
 * an object in which nothing was set, where Go's encoder writes some fields nevertheless (see `Zero`).
 */
import { type Fields, isObject } from '../patch/tree.ts'
import { itemsOf } from './elements.ts'
import { compareElements, fieldElement } from './element.ts'
import { type Scope, unownedMetadata } from './scope.ts'
import type { FieldShape, MapShape, Shape } from './shape.ts'
import { mapOf } from './whole.ts'

export function createdText(shape: Shape, object: Fields, scope: Scope): string {
  const map = mapOf(shape)
  return map === undefined ? '{}' : `{${parts(map, object, scope)}}`
}

const nothing: ReadonlySet<string> = new Set()

function parts(map: MapShape, object: Fields, scope: Scope): string {
  let text = ''
  for (const name of Object.keys(object).toSorted()) {
    if (!scope.owns(name)) continue
    const value = object[name]
    const field = map.field(name)
    const inner =
      name === 'metadata' && field !== undefined && isObject(value)
        ? braced(present(mapOf(field.shape), value, unownedMetadata))
        : fieldText(field, map, value)
    if (inner !== '') text += `${text === '' ? '' : ','}${field?.text ?? nameText(name)}${inner}`
  }
  return text
}

const nameText = (name: string): string => `${JSON.stringify(fieldElement(name))}:`
const braced = (inner: string): string => (inner === '' ? '' : `{${inner}}`)

/** The fields of an object that is there even when nothing was set. */
function present(map: MapShape | undefined, object: Fields, skip: ReadonlySet<string>): string {
  if (map === undefined) return ''
  let text = ''
  for (const name of Object.keys(object).toSorted()) {
    if (skip.has(name)) continue
    const field = map.field(name)
    const inner = fieldText(field, map, object[name])
    if (inner !== '') text += `${text === '' ? '' : ','}${field?.text ?? nameText(name)}${inner}`
  }
  return text
}

/** Empty for what is as if it had not been set. */
function fieldText(field: FieldShape | undefined, map: MapShape, value: unknown): string {
  if (value === undefined) return ''
  const { zero, shape } = field ?? { zero: { type: 'absent' } as const, shape: map.values }
  if (zero.type === 'absent') return added(shape, value)
  if (zero.type === 'scalar') return value === zero.value ? '' : '{}'
  if (value === null) return ''
  const inner = mapOf(shape)
  if (zero.type === 'present' && inner !== undefined && isObject(value)) return braced(present(inner, value, nothing))
  if (shape.type === 'leaf') return isHollow(value) ? '' : '{}'
  return braced(contents(shape, value))
}

const isHollow = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0

/** A value that was not there: all of it, and its place. */
function added(shape: Shape, value: unknown): string {
  if (shape.type === 'leaf' || typeof value !== 'object') return '{}'
  const inner = contents(shape, value)
  return inner === '' ? '{}' : `{".":{},${inner}}`
}

function contents(shape: Shape, value: unknown): string {
  const map = mapOf(shape)
  let text = ''
  if (map !== undefined && isObject(value)) {
    for (const name of Object.keys(value).toSorted()) {
      if (value[name] === undefined) continue
      const field = map.field(name)
      const inner = added(field?.shape ?? map.values, value[name])
      text += `${text === '' ? '' : ','}${field?.text ?? nameText(name)}${inner}`
    }
    return text
  }
  if (!Array.isArray(value) || (shape.type !== 'list' && shape.type !== 'set')) return ''
  const items = [...itemsOf(value, shape.type === 'list' ? shape.keys : undefined)]
  if (items.length > 1) items.sort(([left], [right]) => compareElements(left, right))
  for (const [element, same] of items) {
    const inner = shape.type === 'set' || same.length > 1 ? '{}' : added(shape.items, same[0])
    text += `${text === '' ? '' : ','}${JSON.stringify(element)}:${inner}`
  }
  return text
}
