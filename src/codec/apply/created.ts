/**
 * FieldsV1 of an object that was just created, written directly: this runs on every create. It equals the comparison with
 * an object in which nothing was set, where Go's encoder writes some fields nevertheless (see `Zero`).
 */
import { type Fields, isObject } from '../patch/tree.ts'
import { elementOf } from './elements.ts'
import { compareElements, fieldElement } from './element.ts'
import type { FieldShape, ListShape, MapShape, Shape } from './shape.ts'
import { type Skeleton, isHollow, matches, skeletonOf } from './skeleton.ts'
import { mapOf } from './whole.ts'

interface Written {
  readonly skeleton: Skeleton | undefined
  readonly text: string
}

const written = new WeakMap<Shape, Written[]>()
/** Templates in use at the same time. */
const mostWritten = 4

/** @param object what of it can be owned: see `visible`. */
export function createdText(shape: Shape, object: Fields): string {
  const map = mapOf(shape)
  if (map === undefined) return '{}'
  const before = written.get(shape) ?? []
  const found = before.find(({ skeleton }) => matches(skeleton, object))
  if (found !== undefined) return found.text
  const text = `{${parts(map, object)}}`
  written.set(shape, [{ skeleton: skeletonOf(shape, object), text }, ...before.slice(0, mostWritten - 1)])
  return text
}

function parts(map: MapShape, object: Fields): string {
  let text = ''
  for (const name of sortedKeys(object)) {
    const value = object[name]
    const field = map.field(name)
    const inner =
      name === 'metadata' && field !== undefined && isObject(value)
        ? braced(present(mapOf(field.shape), value))
        : fieldText(field, map, value)
    if (inner !== '') text += `${text === '' ? '' : ','}${field?.text ?? nameText(name)}${inner}`
  }
  return text
}

const nameText = (name: string): string => `${JSON.stringify(fieldElement(name))}:`
const braced = (inner: string): string => (inner === '' ? '' : `{${inner}}`)

/** The fields of an object that is there even when nothing was set. */
function present(map: MapShape | undefined, object: Fields): string {
  if (map === undefined) return ''
  let text = ''
  for (const name of sortedKeys(object)) {
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
  if (zero.type === 'present' && inner !== undefined && isObject(value)) return braced(present(inner, value))
  if (shape.type === 'leaf') return isHollow(value) ? '' : '{}'
  return braced(contents(shape, value))
}

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
    for (const name of sortedKeys(value)) {
      if (value[name] === undefined) continue
      const field = map.field(name)
      const inner = added(field?.shape ?? map.values, value[name])
      text += `${text === '' ? '' : ','}${field?.text ?? nameText(name)}${inner}`
    }
    return text
  }
  if (!Array.isArray(value) || (shape.type !== 'list' && shape.type !== 'set')) return ''
  for (const [element, inner] of itemTexts(shape, value))
    text += `${text === '' ? '' : ','}${JSON.stringify(element)}:${inner}`
  return text
}

function itemTexts(shape: ListShape, list: readonly unknown[]): readonly (readonly [string, string])[] {
  const keys = shape.type === 'list' ? shape.keys : undefined
  const texts: [string, string][] = []
  for (let at = 0; at < list.length; at++) {
    const item = list[at]
    texts.push([elementOf(item, keys, at), shape.type === 'set' ? '{}' : added(shape.items, item)])
  }
  return texts.length > 1 ? distinct(texts.sort(([left], [right]) => compareElements(left, right))) : texts
}

/** Items that share an element are owned as one. */
function distinct(texts: readonly [string, string][]): readonly (readonly [string, string])[] {
  if (texts.every(([element], at) => at === 0 || element !== texts[at - 1]?.[0])) return texts
  const result = new Map<string, string>()
  for (const [element, text] of texts) result.set(element, result.has(element) ? '{}' : text)
  return [...result]
}

/** Objects have few keys, and sorting few is quickest in place. */
function sortedKeys(object: Fields): readonly string[] {
  const keys = Object.keys(object)
  if (keys.length > 32) return keys.sort()
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at] ?? ''
    let to = at - 1
    for (; to >= 0 && (keys[to] ?? '') > key; to--) keys[to + 1] = keys[to] ?? ''
    keys[to + 1] = key
  }
  return keys
}
