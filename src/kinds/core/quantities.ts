/** Defaults and comparisons of resource lists. */
import {
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  milliUnits,
  parseQuantity,
  quantityOfMillis,
  QuantityError,
  type Quantity,
} from '#base/quantity.ts'

export type ResourceList = Readonly<Record<string, string>>

/** The same few amounts are read over and over; long ones are not worth remembering. */
const known = new Map<string, Quantity>()
const mostKnown = 2048
const longestKnown = 16

function remembered(text: string): Quantity {
  const before = known.get(text)
  if (before !== undefined) return before
  const made = parseQuantity(text)
  if (text.length > longestKnown) return made
  if (known.size >= mostKnown) known.clear()
  known.set(text, made)
  return made
}

/** Undefined for a text that is no quantity; the decoder has told whoever sent it. */
export function quantity(text: string | undefined): Quantity | undefined {
  if (text === undefined) return undefined
  try {
    return remembered(text)
  } catch (error) {
    if (error instanceof QuantityError) return undefined
    throw error
  }
}

/** Undefined where one of the texts is no quantity. */
export function compareTexts(a: string | undefined, b: string | undefined): -1 | 0 | 1 | undefined {
  if (a === b && a !== undefined) return 0
  const [left, right] = [quantity(a), quantity(b)]
  return left === undefined || right === undefined ? undefined : compareQuantities(left, right)
}

export const isZero = (text: string): boolean => text === '0' || quantity(text)?.nanos === 0n
export const isNegative = (text: string): boolean => text.charCodeAt(0) === 45 && (quantity(text)?.nanos ?? 0n) < 0n

/** Nothing finer than a thousandth is kept. */
export function rounded(text: string): string {
  const last = text.charCodeAt(text.length - 1)
  if (last !== 110 && last !== 117) return text
  const exact = quantity(text)
  return exact === undefined ? text : formatQuantity(quantityOfMillis(milliUnits(exact), exact.notation))
}

/** The canonical text, or the text itself where it is no quantity. */
export const canonical = (text: string): string => (quantity(text) === undefined ? text : canonicalQuantity(text))

/** A list with its values canonical and rounded; the same list where they are. */
export function roundedList(list: ResourceList): ResourceList {
  let result: Record<string, string> | undefined
  for (const name of Object.keys(list)) {
    const value = list[name] ?? ''
    const changed = rounded(value)
    if (changed !== value) (result ??= { ...list })[name] = changed
  }
  return result ?? list
}

/** The first list with what only the second has. */
export function withMissing(list: ResourceList | undefined, from: ResourceList | undefined): ResourceList | undefined {
  if (from === undefined) return list
  let result = list
  for (const name of Object.keys(from))
    if (result === undefined || !Object.hasOwn(result, name)) result = { ...result, [name]: from[name] ?? '' }
  return result
}
