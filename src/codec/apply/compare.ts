/** What changed between two objects, as sets of paths. */
import { equal } from '#base/equal.ts'
import { type Fields, isObject, own } from '../patch/tree.ts'
import { fieldElement } from './element.ts'
import { itemsOf } from './elements.ts'
import { type FieldSet, type FieldSetDraft, draftSet, emptySet, isEmptySet, leafSet } from './set.ts'
import type { ListShape, MapShape, Shape } from './shape.ts'
import { mapOf, shapeAt, wholeSet } from './whole.ts'

export interface Comparison {
  /** Added or with another value. */
  readonly changed: FieldSet
  readonly removed: FieldSet
}

interface Draft extends Comparison {
  readonly changed: FieldSetDraft
  readonly removed: FieldSetDraft
}

const same: Comparison = { changed: emptySet, removed: emptySet }
const modified: Comparison = { changed: leafSet, removed: emptySet }

/** Parts that are shared by both cost nothing. */
export function compare(shape: Shape, old: unknown, next: unknown): Comparison {
  if (old === next) return same
  const map = mapOf(shape)
  if (map !== undefined && isObject(old) && isObject(next)) return maps(map, old, next)
  if (shape.type === 'deduced' && (isObject(old) || isObject(next)))
    return { changed: wholeSet(shape, next), removed: { ...wholeSet(shape, old), member: false } }
  if ((shape.type === 'list' || shape.type === 'set') && isList(old) && isList(next)) {
    const [before, after] = [old ?? [], next ?? []]
    if (before.length > 0 || after.length > 0) return lists(shape, before, after)
    return old === next || isList(old) === isList(next) ? same : modified
  }
  return equal(old, next) ? same : modified
}

const isList = (value: unknown): value is unknown[] | null => Array.isArray(value) || value === null

function put(result: Draft, element: string, found: Comparison): void {
  if (!isEmptySet(found.changed)) result.changed.children.set(element, found.changed)
  if (!isEmptySet(found.removed)) result.removed.children.set(element, found.removed)
}

/** One part that may be on either side alone. */
function part(shape: Shape, old: unknown, next: unknown): Comparison {
  if (old === undefined) return next === undefined ? same : { changed: wholeSet(shape, next), removed: emptySet }
  if (next === undefined) return { changed: emptySet, removed: wholeSet(shape, old) }
  return compare(shape, old, next)
}

function maps(shape: MapShape, old: Fields, next: Fields): Comparison {
  const result: Draft = { changed: draftSet(false), removed: draftSet(false) }
  for (const name of Object.keys(next)) {
    const [before, after] = [own(old, name), next[name]]
    if (before !== after) put(result, fieldElement(name), part(shapeAt(shape, name), before, after))
  }
  for (const name of Object.keys(old))
    if (!Object.hasOwn(next, name) && old[name] !== undefined)
      put(result, fieldElement(name), part(shapeAt(shape, name), old[name], undefined))
  return result
}

function lists(shape: ListShape, old: readonly unknown[], next: readonly unknown[]): Comparison {
  if (old.length === next.length && old.every((item, at) => equal(item, next[at]))) return same
  const keys = shape.type === 'list' ? shape.keys : undefined
  const [before, after] = [itemsOf(old, keys), itemsOf(next, keys)]
  const result: Draft = { changed: draftSet(false), removed: draftSet(false) }
  for (const [element, items] of after) put(result, element, entries(shape, before.get(element), items))
  for (const [element, items] of before) if (!after.has(element)) put(result, element, entries(shape, items, undefined))
  return result
}

/** Items of one key: usually one on each side; several are compared as a whole. */
function entries(shape: ListShape, old: readonly unknown[] = [], next: readonly unknown[] = []): Comparison {
  if (old.length <= 1 && next.length <= 1 && shape.type === 'list') return part(shape.items, old[0], next[0])
  if (old.length === 0) return { changed: leafSet, removed: emptySet }
  if (next.length === 0) return { changed: emptySet, removed: leafSet }
  return shape.type === 'set' || equal(old, next) ? same : modified
}
