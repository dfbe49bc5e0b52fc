/** Field sets as upstream writes them in managedFields: nested objects whose keys are path elements, `.` for the place itself. */
import { isObject } from '../patch/tree.ts'
import { readElement } from './element.ts'
import { type FieldSet, draftSet, leafSet, sortedChildren } from './set.ts'

/** Deeper than any object that is let in. */
const deepest = 600

/** The JSON text of a set; the set's own membership is not told. */
export const setText = (set: FieldSet): string =>
  `{${sortedChildren(set)
    .map(([element, child]) => `${JSON.stringify(element)}:${childText(child)}`)
    .join(',')}}`

function childText(set: FieldSet): string {
  if (set.children.size === 0) return '{}'
  return set.member ? `{".":{},${setText(set).slice(1)}` : setText(set)
}

/** @returns undefined for what is no FieldsV1. */
export function readSet(fields: unknown): FieldSet | undefined {
  const set = readChild(fields, 0)
  return set === undefined ? undefined : { member: false, children: set.children }
}

function readChild(fields: unknown, depth: number): FieldSet | undefined {
  if (!isObject(fields) || depth > deepest) return undefined
  const names = Object.keys(fields)
  if (names.length === 0) return leafSet
  const set = draftSet(Object.hasOwn(fields, '.'))
  for (const name of names) {
    if (name === '.') continue
    const element = readElement(name)
    const child = readChild(fields[name], depth + 1)
    if (element === undefined || child === undefined) return undefined
    set.children.set(element, child)
  }
  return set
}
