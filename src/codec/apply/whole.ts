/** All paths of a value. */
import { isObject } from '../patch/tree.ts'
import { fieldElement } from './element.ts'
import { itemsOf } from './elements.ts'
import { type FieldSet, draftSet, leafSet } from './set.ts'
import { type MapShape, type Shape, deduced } from './shape.ts'

/** Maps, also those that no schema describes. */
export const mapOf = (shape: Shape): MapShape | undefined =>
  shape.type === 'map' ? shape : shape.type === 'deduced' ? untyped : undefined

const untyped: MapShape = { type: 'map', field: () => undefined, values: deduced }

export const shapeAt = (shape: MapShape, name: string): Shape => shape.field(name)?.shape ?? shape.values

/** The paths of a value that came or went: each part and what it is part of. */
export function wholeSet(shape: Shape, value: unknown): FieldSet {
  const map = mapOf(shape)
  if (map !== undefined && isObject(value)) {
    const set = draftSet(true)
    for (const name of Object.keys(value))
      if (value[name] !== undefined) set.children.set(fieldElement(name), wholeSet(shapeAt(map, name), value[name]))
    return set.children.size === 0 ? leafSet : set
  }
  if (!Array.isArray(value) || (shape.type !== 'list' && shape.type !== 'set') || value.length === 0) return leafSet
  const set = draftSet(true)
  for (const [element, items] of itemsOf(value, shape.type === 'list' ? shape.keys : undefined))
    set.children.set(element, shape.type === 'set' || items.length > 1 ? leafSet : wholeSet(shape.items, items[0]))
  return set
}

/** The paths that a configuration owns: what it says, not what that is part of. */
export function ownedSet(shape: Shape, value: unknown): FieldSet {
  const map = mapOf(shape)
  if (map !== undefined && isObject(value)) {
    const set = draftSet(false)
    for (const name of Object.keys(value)) {
      if (value[name] === undefined) continue
      const inner = ownedSet(shapeAt(map, name), value[name])
      const member = inner.member || map.field(name) === undefined || isHollow(value[name])
      if (member || inner.children.size > 0) set.children.set(fieldElement(name), withMember(inner, member))
    }
    return set
  }
  if (!Array.isArray(value) || (shape.type !== 'list' && shape.type !== 'set')) return leafSet
  const set = draftSet(false)
  for (const [element, items] of itemsOf(value, shape.type === 'list' ? shape.keys : undefined)) {
    const inner = shape.type === 'set' || items.length > 1 ? leafSet : ownedSet(shape.items, items[0])
    set.children.set(element, withMember(inner, true))
  }
  return set
}

const withMember = (set: FieldSet, member: boolean): FieldSet =>
  set.member === member ? set : { member, children: set.children }

const isHollow = (value: unknown): boolean => value === null || (isObject(value) && Object.keys(value).length === 0)
