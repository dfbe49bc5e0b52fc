/**
 * Sets of field paths. A path is a list of elements as FieldsV1 writes them: `f:spec`, `k:{"name":"web"}`, `v:"x"`, `i:0`.
 * Sets are values: no operation changes its operands, results share their parts.
 */
import { compareElements } from './element.ts'

export interface FieldSet {
  /** The path that leads here is itself in the set. */
  readonly member: boolean
  readonly children: ReadonlyMap<string, FieldSet>
}

/** A set while one function builds it. */
export interface FieldSetDraft extends FieldSet {
  readonly children: Map<string, FieldSet>
}

const none: ReadonlyMap<string, FieldSet> = new Map()
export const emptySet: FieldSet = { member: false, children: none }
/** The set of the path that leads to it alone. */
export const leafSet: FieldSet = { member: true, children: none }

export const isEmptySet = (set: FieldSet): boolean => !set.member && set.children.size === 0

export const draftSet = (member: boolean): FieldSetDraft => ({ member, children: new Map() })

/** The left one itself where it has all of the right one. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmptySet(right)) return left
  if (isEmptySet(left)) return right
  let children: Map<string, FieldSet> | undefined
  for (const [element, child] of right.children) {
    const known = left.children.get(element)
    const both = known === undefined ? child : union(known, child)
    if (both === known) continue
    children ??= new Map(left.children)
    children.set(element, both)
  }
  const member = left.member || right.member
  return children === undefined && member === left.member ? left : { member, children: children ?? left.children }
}

/** Whether all paths of `part` are in `whole`. */
export function includes(whole: FieldSet, part: FieldSet): boolean {
  if (whole === part) return true
  if (part.member && !whole.member) return false
  for (const [element, child] of part.children) {
    const other = whole.children.get(element)
    if (other === undefined || !includes(other, child)) return false
  }
  return true
}

/** Keeps what `keep` leaves of each child that both have; others stay. */
function lessened(left: FieldSet, right: FieldSet, keep: (child: FieldSet, other: FieldSet) => FieldSet): FieldSet {
  let children: Map<string, FieldSet> | undefined
  for (const [element, other] of right.children) {
    const child = left.children.get(element)
    if (child === undefined) continue
    const rest = keep(child, other)
    if (rest === child) continue
    children ??= new Map(left.children)
    if (isEmptySet(rest)) children.delete(element)
    else children.set(element, rest)
  }
  const member = left.member && !right.member
  return children === undefined && member === left.member ? left : { member, children: children ?? left.children }
}

/** The paths of `left` that are not in `right`; paths below those stay. */
export const difference = (left: FieldSet, right: FieldSet): FieldSet => lessened(left, right, difference)

/** As `difference`, but a path in `right` takes everything below it away as well. */
export const withoutBelow = (left: FieldSet, right: FieldSet): FieldSet =>
  lessened(left, right, (child, other) => (other.member ? emptySet : withoutBelow(child, other)))

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const result = { ...draftSet(left.member && right.member) }
  const [few, many] = left.children.size < right.children.size ? [left, right] : [right, left]
  for (const [element, child] of few.children) {
    const other = many.children.get(element)
    const both = other === undefined ? emptySet : intersection(child, other)
    if (!isEmptySet(both)) result.children.set(element, both)
  }
  return result
}

export function sameSet(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true
  if (left.member !== right.member || left.children.size !== right.children.size) return false
  for (const [element, child] of left.children) {
    const other = right.children.get(element)
    if (other === undefined || !sameSet(child, other)) return false
  }
  return true
}

export const sortedChildren = (set: FieldSet): readonly (readonly [string, FieldSet])[] =>
  [...set.children].toSorted(([left], [right]) => compareElements(left, right))

/** All paths: those of a level in order, then what is below them. */
export function* paths(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  const children = sortedChildren(set)
  for (const [element, child] of children) if (child.member) yield [...prefix, element]
  for (const [element, child] of children) yield* paths(child, [...prefix, element])
}
