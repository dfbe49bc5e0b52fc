/** Operators, except those that the evaluator knows itself: `&&`, `||`, `?:` and field selection. */
import { compare, contains, equal, index as indexOfKeys } from '../compare.ts'
import { add as addRanges, costs, fixed, scale, sizeOf, traversal, union } from '../cost.ts'
import type { Range, Sizes } from '../cost.ts'
import type { Overload } from '../define.ts'
import { bool, bytes, double, duration, dyn, fn, int, list, map, text, timestamp, uint, varA, varB } from '../define.ts'
import type { Kind, Library } from '../define.ts'
import { durationOf, timestampOf } from '../time.ts'
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  intType,
  listType,
  stringType,
  timestampType,
  uintType,
} from '../types.ts'
import { CelError, CelList, CelMap, Extension, keyOf, noSuchOverload, UInt } from '../values.ts'
import type { Result, Value } from '../values.ts'
import { spend } from '../work.ts'
import { toInt, toUint } from './numbers.ts'

const joined: Pick<Overload, 'cost' | 'estimate'> = {
  cost: args => traversal(args.reduce((sum: number, arg) => sum + sizeOf(arg), 0)),
  estimate: sizes => {
    const size = addRanges(sizes.of(0), sizes.of(1))
    return { cost: scale(size, costs.traversal), size }
  },
}

/** Two values are compared up to the end of the smaller one. */
function comparedEstimate(sizes: Sizes): Range {
  const smaller = Math.min(sizes.of(0).max, sizes.of(1).max)
  return scale({ min: smaller > 0 ? 1 : 0, max: smaller }, costs.traversal)
}

const compared: Pick<Overload, 'cost' | 'estimate'> = {
  cost: ([a = null, b = null]) => traversal(Math.min(sizeOf(a), sizeOf(b))),
  estimate: sizes => ({ cost: comparedEstimate(sizes) }),
}

const divided = (by: bigint): CelError | undefined => (by === 0n ? new CelError('division by zero') : undefined)
const modulo = (by: bigint): CelError | undefined => (by === 0n ? new CelError('modulus by zero') : undefined)

const arithmetic: readonly Overload[] = [
  fn('_+_', [int, int], { gives: intType, run: (a, b) => toInt(a + b) }),
  fn('_-_', [int, int], { gives: intType, run: (a, b) => toInt(a - b) }),
  fn('_*_', [int, int], { gives: intType, run: (a, b) => toInt(a * b) }),
  fn('_/_', [int, int], { gives: intType, run: (a, b) => divided(b) ?? toInt(a / b) }),
  fn('_%_', [int, int], { gives: intType, run: (a, b) => modulo(b) ?? toInt(a % b) }),
  fn('-_', [int], { gives: intType, run: a => toInt(-a) }),
  fn('_+_', [uint, uint], { gives: uintType, run: (a, b) => toUint(a.value + b.value) }),
  fn('_-_', [uint, uint], { gives: uintType, run: (a, b) => toUint(a.value - b.value) }),
  fn('_*_', [uint, uint], { gives: uintType, run: (a, b) => toUint(a.value * b.value) }),
  fn('_/_', [uint, uint], { gives: uintType, run: (a, b) => divided(b.value) ?? toUint(a.value / b.value) }),
  fn('_%_', [uint, uint], { gives: uintType, run: (a, b) => modulo(b.value) ?? toUint(a.value % b.value) }),
  fn('_+_', [double, double], { gives: doubleType, run: (a, b) => a + b }),
  fn('_-_', [double, double], { gives: doubleType, run: (a, b) => a - b }),
  fn('_*_', [double, double], { gives: doubleType, run: (a, b) => a * b }),
  fn('_/_', [double, double], { gives: doubleType, run: (a, b) => a / b }),
  fn('-_', [double], { gives: doubleType, run: a => -a }),
]

const times: readonly Overload[] = [
  fn('_+_', [timestamp, duration], { gives: timestampType, run: (a, b) => timestampOf(a.total + b.nanos, a.offset) }),
  fn('_+_', [duration, timestamp], { gives: timestampType, run: (a, b) => timestampOf(a.nanos + b.total, b.offset) }),
  fn('_+_', [duration, duration], { gives: durationType, run: (a, b) => durationOf(a.nanos + b.nanos) }),
  fn('_-_', [timestamp, timestamp], { gives: durationType, run: (a, b) => durationOf(a.total - b.total) }),
  fn('_-_', [timestamp, duration], { gives: timestampType, run: (a, b) => timestampOf(a.total - b.nanos, a.offset) }),
  fn('_-_', [duration, duration], { gives: durationType, run: (a, b) => durationOf(a.nanos - b.nanos) }),
  fn('-_', [duration], { gives: durationType, run: a => durationOf(-a.nanos) }),
]

/** Items of `b` replace those of `a` that they name, in a's place; the others follow (lists of type set and map). */
function joinLists(a: CelList, b: CelList): Result {
  spend(a.length + b.length)
  const rule = a.rule ?? b.rule
  if (rule === undefined) return CelList.of([...a.items(), ...b.items()])
  const newer = indexOfKeys(b, rule)
  const older = indexOfKeys(a, rule)
  const kept = a.items().map(item => (rule.type === 'map' ? (newer.find(item) ?? item) : item))
  return CelList.of([...kept, ...b.items().filter(item => older.find(item) === undefined)], rule)
}

const concatenation: readonly Overload[] = [
  fn('_+_', [text, text], { gives: stringType, run: (a, b) => a + b, ...joined }),
  fn('_+_', [bytes, bytes], {
    gives: bytesType,
    run: (a, b) => {
      spend(a.length + b.length)
      return new Uint8Array(Buffer.concat([a, b]))
    },
    ...joined,
  }),
  fn('_+_', [list(), list()], {
    gives: listType(varA.type),
    run: joinLists,
    estimate: sizes => ({ cost: fixed(1), size: addRanges(sizes.of(0), sizes.of(1)) }),
  }),
]

const ordered = (name: string, holds: (order: number) => boolean): readonly Overload[] => {
  const run = (a: Value, b: Value): Result => {
    const order = compare(a, b)
    return order !== undefined && holds(order)
  }
  const numbers: readonly Kind<Value>[] = [int, uint, double]
  const pairs = numbers.flatMap(a => numbers.map(b => fn(name, [a, b], { gives: boolType, run })))
  const others = [bool, timestamp, duration].map((kind: Kind<Value>) =>
    fn(name, [kind, kind], { gives: boolType, run }),
  )
  const texts = [text, bytes].map((kind: Kind<Value>) => fn(name, [kind, kind], { gives: boolType, run, ...compared }))
  return [...pairs, ...others, ...texts]
}

const longestFormat = 64

/** What libraries' own types cost to compare: a unit, but for those that are texts in the end. */
function ownEquality(sizes: Sizes): Range | undefined {
  const type = sizes.type(0)
  const name = type.kind === 'object' || type.kind === 'opaque' ? type.name : ''
  if (!/^(?:kubernetes|net)\./.test(name)) return undefined
  if (name === 'kubernetes.NamedFormat') return scale({ min: 1, max: longestFormat }, costs.traversal)
  return name === 'kubernetes.URL' ? scale({ min: 1, max: sizes.of(1).max }, costs.traversal) : fixed(1)
}

const equality: Pick<Overload, 'cost' | 'estimate'> = {
  cost: ([a = null, b = null]) => (a instanceof Extension ? 1 : traversal(Math.min(sizeOf(a), sizeOf(b)))),
  estimate: sizes => ({ cost: ownEquality(sizes) ?? comparedEstimate(sizes) }),
}

/** The item or the value at a key; an error where there is none. */
export function lookUp(container: Value, key: Value): Result {
  if (container instanceof CelMap) return container.at(key)
  if (!(container instanceof CelList)) return noSuchOverload()
  const at = typeof key === 'bigint' || typeof key === 'number' || key instanceof UInt ? keyOf(key) : undefined
  if (typeof at !== 'bigint')
    return typeof key === 'number' ? new CelError('unsupported index value') : noSuchOverload()
  if (at < 0n || at >= BigInt(container.length)) return new CelError(`index out of bounds: ${at}`)
  return container.at(Number(at))
}

/** The checker wants the declared type, running is more generous: `[1][dyn(0.0)]`. */
export const loose = (kind: Kind<Value>): Kind<Value> => ({ ...dyn, type: kind.type })

const containers: readonly Overload[] = [
  fn('_[_]', [list(), loose(int)], { gives: varA.type, run: lookUp }),
  fn('_[_]', [map(), loose(varA)], { gives: varB.type, run: lookUp }),
  fn('@in', [varA, list()], {
    gives: boolType,
    run: (value, container) => contains(container, value),
    cost: ([, container = null]) => sizeOf(container),
    estimate: sizes => ({ cost: sizes.of(1) }),
  }),
  fn('@in', [varA, map()], { gives: boolType, run: (key, container) => contains(container, key) }),
]

export const operators: Library = {
  overloads: [
    ...arithmetic,
    ...times,
    ...concatenation,
    ...ordered('_<_', order => order < 0),
    ...ordered('_<=_', order => order <= 0),
    ...ordered('_>_', order => order > 0),
    ...ordered('_>=_', order => order >= 0),
    fn('_==_', [varA, varA], { gives: boolType, run: equal, ...equality }),
    fn('_!=_', [varA, varA], { gives: boolType, run: (a, b) => !equal(a, b), ...equality }),
    // The evaluator knows it; here is its type.
    fn('_?_:_', [bool, varA, varA], {
      gives: varA.type,
      run: noSuchOverload,
      estimate: sizes => ({ cost: fixed(0), size: union(sizes.of(1), sizes.of(2)) }),
    }),
    fn('!_', [bool], { gives: boolType, run: a => !a }),
    ...containers,
  ],
}
