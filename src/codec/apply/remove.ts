/** Values without the paths of a set, and which paths an apply takes away. */
import { type Fields, isObject, put } from '../patch/tree.ts'
import { fieldElement } from './element.ts'
import { indexElement, keyElement, valueElement } from './element.ts'
import { type FieldSet, difference, draftSet, intersection, union } from './set.ts'
import { type Shape, deduced } from './shape.ts'
import { mapOf, ownedSet, shapeAt } from './whole.ts'

/** What is emptied stays, empty. */
export function without(shape: Shape, value: unknown, gone: FieldSet): unknown {
  if (gone.children.size === 0) return value
  const map = mapOf(shape)
  if (map !== undefined && isObject(value)) {
    const result: Fields = {}
    for (const name of Object.keys(value)) {
      const inner = gone.children.get(fieldElement(name))
      if (inner?.member === true) continue
      put(result, name, inner === undefined ? value[name] : without(shapeAt(map, name), value[name], inner))
    }
    return result
  }
  if (!Array.isArray(value) || (shape.type !== 'list' && shape.type !== 'set')) return value
  const result: unknown[] = []
  value.forEach((item: unknown, at) => {
    const element = shape.type === 'set' ? valueElement(item) : (keyElement(item, shape.keys) ?? indexElement(at))
    const inner = gone.children.get(element)
    if (inner?.member === true) return
    result.push(inner === undefined || shape.type === 'set' ? item : without(shape.items, item, inner))
  })
  return result
}

function below(shape: Shape, element: string): Shape {
  const map = mapOf(shape)
  if (map !== undefined) return shapeAt(map, element.slice(2))
  return shape.type === 'list' ? shape.items : deduced
}

/** A known field with something below it in the set counts as in the set itself. */
function named(shape: Shape, set: FieldSet): FieldSet {
  if (set.children.size === 0) return set
  const map = mapOf(shape)
  const result = draftSet(set.member)
  for (const [element, child] of set.children) {
    const inner = named(below(shape, element), child)
    const known = child.children.size > 0 && element.startsWith('f:') && map?.field(element.slice(2)) !== undefined
    result.children.set(element, known && !inner.member ? { ...inner, member: true } : inner)
  }
  return result
}

/**
 * The object without what the applier said last time and does not say now, where nobody else owns it.
 * @param last what it owned, @param owned what it owns now and everybody else does.
 */
export function pruned(shape: Shape, merged: unknown, { last, owned }: { last: FieldSet; owned: FieldSet }): unknown {
  const lasting = named(shape, last)
  const mergedSet = ownedSet(shape, merged)
  const all = named(shape, mergedSet)
  const rest = ownedSet(shape, without(shape, merged, lasting))
  // Back comes what somebody owns.
  const kept = without(shape, merged, difference(all, union(named(shape, rest), named(shape, owned))))
  // And what the applier never owned.
  const gone = difference(all, named(shape, ownedSet(shape, kept)))
  return without(shape, merged, intersection(gone, lasting))
}
