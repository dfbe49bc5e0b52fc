/** Equality and order of values. */
import { sameKind, sameType } from './types.ts'
import type { ListRule } from './types.ts'
import { CelList, CelMap, Duration, Extension, isError, Optional, Timestamp, TypeValue, UInt } from './values.ts'
import type { Result, Value } from './values.ts'
import { spend } from './work.ts'

type Numeric = bigint | number | UInt

export const isNumeric = (value: Value): value is Numeric =>
  typeof value === 'bigint' || typeof value === 'number' || value instanceof UInt

const plain = (value: Numeric): bigint | number => (value instanceof UInt ? value.value : value)

/** An int beside a double becomes one, with what that loses. Undefined when one of them is not a number. */
function compareNumeric(a: Numeric, b: Numeric): number | undefined {
  const [left, right] = alike(plain(a), plain(b))
  if (left < right) return -1
  return left > right ? 1 : left === right ? 0 : undefined
}

const alike = (a: bigint | number, b: bigint | number): readonly [bigint | number, bigint | number] =>
  typeof a === typeof b ? [a, b] : [Number(a), Number(b)]

const compareBytes = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b)

/** By code points: UTF-16 puts the characters beyond 0xFFFF before those of 0xE000 to 0xFFFF. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  let index = 0
  while (index < length && a.charCodeAt(index) === b.charCodeAt(index)) index++
  if (index === length) return Math.sign(a.length - b.length)
  return rank(a.charCodeAt(index)) < rank(b.charCodeAt(index)) ? -1 : 1
}

const rank = (unit: number): number => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000)

const compareBig = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** Undefined for values that have no order between them, NaN among them. */
export function compare(a: Value, b: Value): number | undefined {
  if (isNumeric(a) && isNumeric(b)) return compareNumeric(a, b)
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Timestamp && b instanceof Timestamp) return compareBig(a.total, b.total)
  if (a instanceof Duration && b instanceof Duration) return compareBig(a.nanos, b.nanos)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  return undefined
}

/** Values of different kinds are unequal; an error inside either of them counts as unequal too. */
export function equal(a: Result, b: Result): boolean {
  spend(1)
  if (isError(a) || isError(b)) return false
  if (isNumeric(a)) return isNumeric(b) && compareNumeric(a, b) === 0
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  return equalObjects(a, b)
}

type Compound = Extract<Exclude<Value, null>, object>

function equalObjects(a: Compound, b: Compound): boolean {
  if (a instanceof CelList) return b instanceof CelList && equalLists(a, b)
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b)
  if (a instanceof Optional) return b instanceof Optional && equalOptionals(a, b)
  if (a instanceof TypeValue) return b instanceof TypeValue && sameType(a.of, b.of)
  if (a instanceof Extension) return b instanceof Extension && sameKind(a.type, b.type) && a.equals(b)
  return compare(a, b) === 0
}

const equalOptionals = (a: Optional, b: Optional): boolean =>
  a.value === undefined || b.value === undefined ? a.value === b.value : equal(a.value, b.value)

function equalLists(a: CelList, b: CelList): boolean {
  if (a.length !== b.length) return false
  const rule = a.rule ?? b.rule
  if (rule !== undefined) return equalUnordered(a, b, rule)
  for (let index = 0; index < a.length; index++) if (!equal(a.at(index), b.at(index))) return false
  return true
}

/** A hashable name for a scalar item of a set or for the keys of an item of a map list; undefined for others. */
function nameOf(item: Result, rule: ListRule): string | undefined {
  if (rule.type === 'set') return scalarName(item)
  if (!(item instanceof CelMap)) return undefined
  const names = rule.keys.map(key => scalarName(item.named(key) ?? null))
  return names.includes(undefined) ? undefined : JSON.stringify(names)
}

const scalarName = (value: Result): string | undefined => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value)
  if (!isError(value) && isNumeric(value)) return `#${plain(value)}`
  return undefined
}

export interface Keyed {
  readonly find: (item: Result) => Result | undefined
}

/** The items of a set or map list by what identifies them. */
export function index(list: CelList, rule: ListRule): Keyed {
  const named = new Map<string, Result>()
  const rest: Result[] = []
  for (const item of list.items()) {
    const name = nameOf(item, rule)
    if (name === undefined) rest.push(item)
    else named.set(name, item)
  }
  return {
    find: item => {
      const name = nameOf(item, rule)
      return name === undefined ? rest.find(other => equal(item, other)) : named.get(name)
    },
  }
}

function equalUnordered(a: CelList, b: CelList, rule: ListRule): boolean {
  const others = index(b, rule)
  return a.items().every(item => {
    const other = others.find(item)
    return other !== undefined && equal(item, other)
  })
}

function equalMaps(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false
  const same = a.keys().every(key => {
    const [left, right] = [a.get(key), b.get(key)]
    return left === undefined || right === undefined ? left === right : equal(left, right)
  })
  const [left, right] = [a.rest(), b.rest()]
  return same && (left === undefined || right === undefined ? left === right : equalMaps(left, right))
}

/** Whether a list holds the value or a map the key. */
export function contains(container: CelList | CelMap, value: Value): boolean {
  if (container instanceof CelMap) return container.has(value)
  for (let at = 0; at < container.length; at++) if (equal(container.at(at), value)) return true
  return false
}
