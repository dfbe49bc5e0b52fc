/**
 * The currency of costs: upstream's model, in which a unit is about 50 ns. Sizes are in characters, bytes, items or
 * entries. Estimates are ranges that saturate at `most`.
 */
import { characters } from './text.ts'
import type { CelType } from './types.ts'
import { CelList, CelMap, Extension, isError, Optional } from './values.ts'
import type { Result, Value } from './values.ts'

export interface Range {
  readonly min: number
  readonly max: number
}

export interface Estimate {
  readonly cost: Range
  /** The size of the result, where it has one and it is known. */
  readonly size?: Range
}

/** What an estimate may ask about a call; arguments are counted as in `takes`, the receiver first. */
export interface Sizes {
  /** The size of an argument, at worst 0 to `most`. */
  of(argument: number): Range
  /** The size of the items of a list that is an argument, undefined where it is no list. */
  items(argument: number): Range | undefined
  /** The value of an argument that is an integer literal. */
  integer(argument: number): number | undefined
  type(argument: number): CelType
}

/** 2⁶⁴ - 1, as near as a double comes. */
export const most = 2 ** 64
export const unknownSize: Range = { min: 0, max: most }

export const costs = { name: 1, list: 10, map: 30, struct: 40, traversal: 0.1, regex: 0.25 } as const

export const fixed = (size: number): Range => ({ min: size, max: size })
export const add = (a: Range, b: Range): Range => ({
  min: Math.min(a.min + b.min, most),
  max: Math.min(a.max + b.max, most),
})
export const multiply = (a: Range, b: Range): Range => ({
  min: Math.min(a.min * b.min, most),
  max: Math.min(a.max * b.max, most),
})
export const scale = (range: Range, factor: number): Range => ({
  min: Math.min(Math.ceil(range.min * factor), most),
  max: Math.min(Math.ceil(range.max * factor), most),
})
export const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) })

/** The size that costs go by; 1 for what has none. */
export function sizeOf(value: Result): number {
  if (typeof value === 'string') return characters(value)
  if (isError(value)) return 1
  if (value instanceof CelList || value instanceof Uint8Array) return value.length
  if (value instanceof CelMap || value instanceof Extension) return value.size
  if (value instanceof Optional && value.value !== undefined) return sizeOf(value.value)
  return 1
}

/** Reading a text of this size, `times` over. */
export const traversal = (size: number, times = 1): number => Math.ceil(size * times * costs.traversal)

/** Matching a text with a pattern; an empty text costs too. */
export const matching = (size: number, pattern: number): number =>
  traversal(size + 1) * Math.ceil(pattern * costs.regex)

export const matchingEstimate = (size: Range, pattern: Range): Range =>
  multiply(scale(add(size, fixed(1)), costs.traversal), scale(pattern, costs.regex))

type CostParts = {
  readonly cost: (args: readonly Value[], result: Result) => number
  readonly estimate: (sizes: Sizes) => Estimate
}

/** A call that costs one unit whatever it is given. */
export const unit: CostParts = { cost: () => 1, estimate: () => ({ cost: fixed(1) }) }

/** A call that reads one of its arguments, `times` over; with `sized` the result is as long. */
export const reads = (argument: number, { times = 1, sized = false } = {}): CostParts => ({
  cost: args => traversal(sizeOf(args[argument] ?? null), times),
  estimate: sizes => {
    const size = sizes.of(argument)
    const cost = scale(size, times * costs.traversal)
    return sized ? { cost, size } : { cost }
  },
})
