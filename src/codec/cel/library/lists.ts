/** Lists: the language's extension and what Kubernetes adds. */
import { compare, equal } from '../compare.ts'
import { add, costs, fixed, multiply, scale, sizeOf } from '../cost.ts'
import type { Range, Sizes } from '../cost.ts'
import { bool, bytes, double, duration, fn, int, list, method, text, timestamp, uint, varA } from '../define.ts'
import type { Kind, Library, Overload } from '../define.ts'
import { bind, mapMacro } from '../macros.ts'
import type { Macro } from '../macros.ts'
import { durationOf } from '../time.ts'
import { ident, methodCall } from '../syntax.ts'
import { boolType, dynType, intType, listType } from '../types.ts'
import { CelError, CelList, CelMap, Duration, isError, noSuchOverload, typeOf, UInt } from '../values.ts'
import type { Result, Value } from '../values.ts'
import { spend } from '../work.ts'
import { toInt, toUint } from './numbers.ts'

const comparable: readonly Kind<Value>[] = [int, uint, double, bool, duration, timestamp, text, bytes]

type Costs = Required<Pick<Overload, 'cost' | 'estimate'>>

/** Reading every item of a list, texts to their end. */
function reading(value: Result): number {
  spend(1)
  if (typeof value === 'string' || value instanceof Uint8Array) return Math.floor(sizeOf(value) * costs.traversal)
  if (value instanceof CelList) return value.items().reduce((sum: number, item) => sum + reading(item), 0)
  if (value instanceof CelMap)
    return value.keys().reduce((sum: number, key) => sum + reading(key) + reading(value.at(key)), 0)
  return 1
}

const isText = (kind: string): boolean => kind === 'string' || kind === 'bytes'

function readingEstimate(sizes: Sizes): Range {
  const type = sizes.type(0)
  const item = sizes.items(0)
  const texts = type.kind === 'list' && item !== undefined && isText(type.item.kind)
  return multiply(sizes.of(0), texts ? add(fixed(1), scale(item, costs.traversal)) : fixed(1))
}

const once: Costs = {
  cost: ([value = null]) => reading(value),
  estimate: sizes => ({ cost: readingEstimate(sizes) }),
}

function isSorted(values: CelList): Result {
  let previous: Value | undefined
  for (const item of values.items()) {
    if (isError(item)) return item
    const order = previous === undefined ? 0 : compare(previous, item)
    if (order === undefined) return noSuchOverload()
    if (order > 0) return false
    previous = item
  }
  return true
}

/** The item that all others yield to: those that compare as `yields`. */
function extreme(values: CelList, name: string, yields: number): Result {
  let best: Value | undefined
  for (const item of values.items()) {
    if (isError(item)) return item
    const order = best === undefined ? yields : compare(best, item)
    if (order === undefined && typeof item !== 'number') return noSuchOverload()
    if (order === yields) best = item
  }
  return best ?? new CelError(`${name} called on empty list`)
}

const plus = (a: Value, b: Value): Result => {
  if (typeof a === 'bigint' && typeof b === 'bigint') return toInt(a + b)
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (a instanceof UInt && b instanceof UInt) return toUint(a.value + b.value)
  return a instanceof Duration && b instanceof Duration ? durationOf(a.nanos + b.nanos) : noSuchOverload()
}

function sum(values: CelList, zero: Value): Result {
  let total: Value | undefined
  for (const item of values.items()) {
    const next = isError(item) || total === undefined ? item : plus(total, item)
    if (isError(next)) return next
    total = next
  }
  return total ?? zero
}

const indexOf = (values: CelList, item: Value): bigint => BigInt(values.items().findIndex(other => equal(other, item)))
const lastIndexOf = (values: CelList, item: Value): bigint =>
  BigInt(values.items().findLastIndex(other => equal(other, item)))

const summable: readonly (readonly [Kind<Value>, Value])[] = [
  [int, 0n],
  [uint, new UInt(0n)],
  [double, 0],
  [duration, new Duration(0n)],
]

/** Kubernetes' own. */
export const kubernetesLists: Library = {
  overloads: [
    ...comparable.flatMap(({ type }) => [
      method('isSorted', [list(type)], { gives: boolType, run: isSorted, ...once }),
      method('max', [list(type)], { gives: type, run: values => extreme(values, 'max', -1), ...once }),
      method('min', [list(type)], { gives: type, run: values => extreme(values, 'min', 1), ...once }),
    ]),
    ...summable.map(([{ type }, zero]) =>
      method('sum', [list(type)], { gives: type, run: values => sum(values, zero), ...once }),
    ),
    method('indexOf', [list(), varA], { gives: intType, run: indexOf, ...once }),
    method('lastIndexOf', [list(), varA], { gives: intType, run: lastIndexOf, ...once }),
  ],
}

/** A call that makes a list: `factor` a unit of the size that counts. */
const making = (factor: number, size: Range): { cost: Range; size: Range } => ({
  cost: add(scale(size, factor), fixed(1 + costs.list)),
  size,
})
const made = (factor: number, size: number): number => Math.floor(size * factor) + 1 + costs.list

function slice(values: CelList, from: bigint, to: bigint): Result {
  if (from < 0n || to < 0n) return new CelError(`cannot slice(${from}, ${to}), negative indexes not supported`)
  if (from > to)
    return new CelError(`cannot slice(${from}, ${to}), start index must be less than or equal to end index`)
  if (to > BigInt(values.length)) return new CelError(`cannot slice(${from}, ${to}), list is length ${values.length}`)
  return CelList.of(values.items().slice(Number(from), Number(to)))
}

function flatten(values: CelList, levels: bigint): Result {
  if (levels < 0n) return new CelError('level must be non-negative')
  const flat: Result[] = []
  const visit = (items: CelList, depth: bigint): void => {
    spend(items.length + 1)
    for (const item of items.items())
      if (item instanceof CelList && depth > 0n) visit(item, depth - 1n)
      else flat.push(item)
  }
  visit(values, levels)
  return CelList.of(flat)
}

function distinct(values: CelList): CelList {
  const kept: Result[] = []
  for (const item of values.items()) if (!kept.some(other => equal(other, item))) kept.push(item)
  return CelList.of(kept)
}

const mostRange = 1_000_000n

function range(count: bigint): Result {
  if (count > mostRange) return new CelError(`lists.range() size exceeds limit: ${mostRange}`)
  spend(Number(count < 0n ? 0n : count))
  return CelList.of(Array.from({ length: Math.max(Number(count), 0) }, (_, index) => BigInt(index)))
}

/** The items in the order of their keys; both lists are as long. */
function sortBy(values: CelList, keys: CelList): Result {
  const [first] = keys.items()
  if (first === undefined) return values
  if (isError(first)) return first
  const kind = typeOf(first).kind
  const pairs: (readonly [Value, Result])[] = []
  for (const [at, key] of keys.items().entries()) {
    if (isError(key)) return key
    if (typeOf(key).kind !== kind) return new CelError('list elements must have the same type')
    pairs.push([key, values.at(at)])
  }
  if (compare(first, first) === undefined && typeof first !== 'number')
    return new CelError('list elements must be comparable')
  return CelList.of(pairs.sort(([a], [b]) => compare(a, b) ?? 0).map(([, item]) => item))
}

/** Every item against every other. */
const crosswise = (argument: number): Costs => ({
  cost: args => {
    const keys = args[argument]
    const [first] = keys instanceof CelList ? keys.items() : []
    const factor = typeof first === 'string' || first instanceof Uint8Array ? 2 + costs.traversal : 2
    const size = sizeOf(keys ?? null)
    return made(factor, size * size)
  },
  estimate: sizes => {
    const type = sizes.type(argument)
    const factor = type.kind === 'list' && isText(type.item.kind) ? 2 + costs.traversal : 2
    return making(factor, multiply(sizes.of(argument), sizes.of(argument)))
  },
})

const bySize: Pick<Overload, 'cost'> = { cost: (_, result) => made(1, sizeOf(result)) }

const held = '@sorted'
const sortByMacro: Macro = {
  name: 'sortBy',
  member: true,
  counts: [2],
  expand: ({ at, target, args }) => {
    const input = ident(at, held)
    const keys = mapMacro.expand({ at, target: input, args })
    if (target === undefined || keys === undefined) return undefined
    return bind(
      { at, name: held, value: target },
      methodCall({ at, name: '@sortByAssociatedKeys', target: input }, [keys]),
    )
  },
}

const flattenCost: Costs = {
  cost: ([values = null, levels]) => made(typeof levels === 'bigint' ? Number(levels) : 1, sizeOf(values)),
  estimate: sizes => making(sizes.integer(1) ?? 1, sizes.of(0)),
}

const deepFlattenCost: Costs = { ...flattenCost, estimate: sizes => making(sizes.integer(1) ?? 2 ** 64, sizes.of(0)) }

export const lists: Library = {
  macros: [sortByMacro],
  overloads: [
    method('slice', [list(), int, int], {
      gives: listType(varA.type),
      run: slice,
      ...bySize,
      estimate: sizes => making(1, fixed(Math.max((sizes.integer(2) ?? sizes.of(0).max) - (sizes.integer(1) ?? 0), 0))),
    }),
    method('flatten', [list(listType(varA.type))], {
      gives: listType(varA.type),
      run: values => flatten(values, 1n),
      ...flattenCost,
    }),
    method('flatten', [list(dynType), int], { gives: listType(dynType), run: flatten, ...deepFlattenCost }),
    ...comparable.flatMap(({ type }) => [
      method('sort', [list(type)], { gives: listType(type), run: values => sortBy(values, values), ...crosswise(0) }),
      method('@sortByAssociatedKeys', [list(), list(type)], {
        gives: listType(varA.type),
        run: sortBy,
        ...crosswise(1),
      }),
    ]),
    fn('lists.range', [int], {
      gives: listType(intType),
      run: range,
      ...bySize,
      estimate: sizes => making(1, fixed(Math.max(0, sizes.integer(0) ?? 2 ** 64))),
    }),
    method('reverse', [list()], {
      gives: listType(varA.type),
      run: values => CelList.of([...values.items()].toReversed()),
      ...bySize,
      estimate: sizes => making(1, sizes.of(0)),
    }),
    method('distinct', [list()], { gives: listType(varA.type), run: distinct, ...crosswise(0) }),
  ],
}
