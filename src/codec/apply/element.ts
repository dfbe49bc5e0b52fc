/** Elements of field paths as text: `f:NAME`, `k:{KEYS}`, `v:VALUE`, `i:INDEX`. */
import { type Fields, isObject, own } from '../patch/tree.ts'

export const fieldElement = (name: string): string => `f:${name}`
export const valueElement = (value: unknown): string => `v:${scalarText(value)}`
export const indexElement = (at: number): string => `i:${at}`

/** JSON of a value in a list's key; objects and lists are never keys, but must not break anything either. */
const scalarText = (value: unknown): string =>
  typeof value === 'bigint' ? String(value) : JSON.stringify(value ?? null)

export interface ListKey {
  readonly name: string
  /** The name as JSON. */
  readonly text: string
  /** Stands where an item has none. */
  readonly default: unknown
}

/** @param keys sorted by name. @returns undefined for an item that has none of the keys. */
export function keyElement(item: unknown, keys: readonly ListKey[]): string | undefined {
  if (!isObject(item)) return undefined
  let text = ''
  for (const key of keys) {
    const value = own(item, key.name) ?? key.default
    if (value === undefined) continue
    text += `${text === '' ? '' : ','}${key.text}:${scalarText(value)}`
  }
  return text === '' ? undefined : `k:{${text}}`
}

const order: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 }
const orderOf = (element: string): number => order[element[0] ?? ''] ?? 4

/** Names by their text, keys and values by type and value. */
export function compareElements(left: string, right: string): number {
  if (left === right) return 0
  const kinds = orderOf(left) - orderOf(right)
  if (kinds !== 0) return kinds
  if (left.startsWith('f:')) return left < right ? -1 : 1
  return compareStrings(left, right) ?? compareContents(left, right)
}

const quote = 0x22
const backslash = 0x5c

/** Elements that first differ in a number or inside a string without escapes; undefined for others. */
function compareStrings(left: string, right: string): number | undefined {
  let inside = false
  let start = 2
  for (let at = 2; at < left.length && at < right.length; at++) {
    const [mine, theirs] = [left.charCodeAt(at), right.charCodeAt(at)]
    if (mine === backslash || theirs === backslash) return undefined
    if (mine !== theirs)
      return inside ? compareUnits(mine, theirs) : compareNumbers(left.slice(start), right.slice(start))
    if (mine === quote) inside = !inside
    else if (mine === colon && !inside) start = at + 1
  }
  return undefined
}

const colon = 0x3a

function compareNumbers(left: string, right: string): number | undefined {
  const difference = Number.parseFloat(left) - Number.parseFloat(right)
  return Number.isNaN(difference) || difference === 0 ? undefined : difference
}

/** The string that ends first is the lesser. */
const compareUnits = (mine: number, theirs: number): number =>
  mine === quote ? -1 : theirs === quote ? 1 : mine - theirs

function compareContents(left: string, right: string): number {
  const [first, second] = [contentOf(left), contentOf(right)]
  return (
    (isObject(first) && isObject(second) ? compareKeys(first, second) : compareValues(first, second)) ||
    (left < right ? -1 : 1)
  )
}

function contentOf(element: string): unknown {
  try {
    return JSON.parse(element.slice(2))
  } catch {
    return element
  }
}

function compareKeys(left: Fields, right: Fields): number {
  const [names, others] = [Object.keys(left).toSorted(), Object.keys(right).toSorted()]
  for (let at = 0; at < Math.min(names.length, others.length); at++) {
    const [name = '', other = ''] = [names[at], others[at]]
    if (name !== other) return name < other ? -1 : 1
    const values = compareValues(left[name], right[name])
    if (values !== 0) return values
  }
  return names.length - others.length
}

const ranks = ['number', 'string', 'boolean']

function compareValues(left: unknown, right: unknown): number {
  const ranked = ranks.indexOf(typeof left) - ranks.indexOf(typeof right)
  if (ranked !== 0) return ranked
  if (typeof left === 'number' && typeof right === 'number') return left - right
  const [text, other] = [String(left), String(right)]
  return text === other ? 0 : text < other ? -1 : 1
}

/** An element that a client sent, as we would have written it; undefined for what is none. */
export function readElement(text: string): string | undefined {
  if (text.startsWith('f:')) return text
  if (text.startsWith('i:')) return /^i:-?\d{1,9}$/.test(text) ? text : undefined
  if (!text.startsWith('k:') && !text.startsWith('v:')) return undefined
  try {
    const content: unknown = JSON.parse(text.slice(2))
    if (text.startsWith('v:')) return valueElement(content)
    if (!isObject(content)) return undefined
    const keys = Object.keys(content).toSorted()
    return keyElement(
      content,
      keys.map(name => ({ name, text: JSON.stringify(name), default: null })),
    )
  } catch {
    return undefined
  }
}

/** As upstream's messages name a path: `.spec.containers[name="web"].image`. */
export const pathText = (path: readonly string[]): string => path.map(elementText).join('')

function elementText(element: string): string {
  const content = element.slice(2)
  if (element.startsWith('f:')) return `.${content}`
  if (element.startsWith('i:')) return `[${content}]`
  if (element.startsWith('v:')) return `[=${content}]`
  const keys = contentOf(element)
  if (!isObject(keys)) return `[${content}]`
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${scalarText(value)}`)
    .join(',')}]`
}
