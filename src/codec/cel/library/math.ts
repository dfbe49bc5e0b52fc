/** `math.greatest(1, 2.5)` and its like. Not among what Kubernetes offers. */
import { compare } from '../compare.ts'
import { double, dyn, fn, int, list, uint } from '../define.ts'
import type { Kind, Library, Overload } from '../define.ts'
import { IssueError } from '../issues.ts'
import type { Macro } from '../macros.ts'
import { call, listOf } from '../syntax.ts'
import { boolType, doubleType, dynType, intType, uintType } from '../types.ts'
import { CelError, isError, UInt } from '../values.ts'
import type { Result, Value } from '../values.ts'
import { overflow } from './numbers.ts'

const numbers: readonly Kind<Value>[] = [int, uint, double]

/** The value that `wins` over all others; numbers of all kinds compare. */
const extreme = (values: readonly Result[], wins: (order: number) => boolean): Result => {
  let best: Value | undefined
  for (const value of values) {
    if (isError(value)) return value
    if (typeof value !== 'bigint' && typeof value !== 'number' && !(value instanceof UInt))
      return new CelError('no such overload')
    if (best === undefined || wins(compare(value, best) ?? 0)) best = value
  }
  return best ?? new CelError('math.@min(list) argument must not be empty')
}

/** `math.least(a, b, c)`: one argument stands for itself, two are a pair, more are a list. */
const variadic = (name: string, hidden: string): Macro => ({
  name,
  member: true,
  counts: Array.from({ length: 64 }, (_, count) => count),
  expand: ({ at, target, args }) => {
    if (target?.kind !== 'ident' || target.name !== 'math') return undefined
    if (args.length === 0) throw new IssueError(at, `math.${name}() requires at least one argument`)
    for (const arg of args) {
      const literal =
        arg.kind === 'literal' &&
        typeof arg.value !== 'bigint' &&
        typeof arg.value !== 'number' &&
        !(arg.value instanceof UInt)
      if (literal || (arg.kind === 'list' && args.length > 1) || arg.kind === 'map')
        throw new IssueError(arg.at, `math.${name}() invalid single argument value`)
    }
    if (args.length < 3) return call(at, hidden, args)
    return call(at, hidden, [
      listOf(
        at,
        args.map(value => ({ value: call(value.at, 'dyn', [value]), optional: false })),
      ),
    ])
  },
})

const extremes = (hidden: string, wins: (order: number) => boolean): readonly Overload[] => [
  ...numbers.map(kind => fn(hidden, [kind], { gives: kind.type, run: value => value })),
  ...numbers.flatMap(a =>
    numbers.map(b => fn(hidden, [a, b], { gives: a === b ? a.type : dynType, run: (x, y) => extreme([x, y], wins) })),
  ),
  ...[...numbers, dyn].map(kind =>
    fn(hidden, [list(kind.type)], { gives: kind.type, run: values => extreme(values.items(), wins) }),
  ),
]

/** Halves go away from zero. */
const round = (value: number): number => {
  const size = Math.abs(value)
  const whole = Math.floor(size)
  return Math.sign(value) * (size - whole >= 0.5 ? whole + 1 : whole)
}

const rounding: Readonly<Record<string, (value: number) => number>> = {
  ceil: Math.ceil,
  floor: Math.floor,
  round: value => (Number.isFinite(value) ? round(value) : value),
  trunc: Math.trunc,
  sqrt: Math.sqrt,
}

const tests: Readonly<Record<string, (value: number) => boolean>> = {
  isNaN: Number.isNaN,
  isInf: value => !Number.isNaN(value) && !Number.isFinite(value),
  isFinite: Number.isFinite,
}

const bits: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  bitAnd: (a, b) => a & b,
  bitOr: (a, b) => a | b,
  bitXor: (a, b) => a ^ b,
}

const shift = (by: bigint, run: () => bigint): bigint | CelError => {
  if (by < 0n) return new CelError(`math.bitShift() negative offset: ${by}`)
  return by > 63n ? 0n : run()
}

const asUint = (value: bigint | CelError): Result => (isError(value) ? value : new UInt(BigInt.asUintN(64, value)))
const asInt = (value: bigint | CelError): Result => (isError(value) ? value : BigInt.asIntN(64, value))
const sign = (value: bigint): bigint => (value > 0n ? 1n : value < 0n ? -1n : 0n)

const bitwise: readonly Overload[] = [
  ...Object.entries(bits).flatMap(([name, run]) => [
    fn(`math.${name}`, [int, int], { gives: intType, run }),
    fn(`math.${name}`, [uint, uint], { gives: uintType, run: (a, b) => new UInt(run(a.value, b.value)) }),
  ]),
  fn('math.bitNot', [int], { gives: intType, run: value => ~value }),
  fn('math.bitNot', [uint], { gives: uintType, run: value => asUint(~value.value) }),
  fn('math.bitShiftLeft', [int, int], { gives: intType, run: (value, by) => asInt(shift(by, () => value << by)) }),
  fn('math.bitShiftLeft', [uint, int], {
    gives: uintType,
    run: (value, by) => asUint(shift(by, () => value.value << by)),
  }),
  fn('math.bitShiftRight', [int, int], {
    gives: intType,
    run: (value, by) => asInt(shift(by, () => BigInt.asUintN(64, value) >> by)),
  }),
  fn('math.bitShiftRight', [uint, int], {
    gives: uintType,
    run: (value, by) => asUint(shift(by, () => value.value >> by)),
  }),
]

export const math: Library = {
  macros: [variadic('greatest', 'math.@max'), variadic('least', 'math.@min')],
  overloads: [
    ...extremes('math.@max', order => order > 0),
    ...extremes('math.@min', order => order < 0),
    ...Object.entries(rounding).map(([name, run]) => fn(`math.${name}`, [double], { gives: doubleType, run })),
    ...Object.entries(tests).map(([name, run]) => fn(`math.${name}`, [double], { gives: boolType, run })),
    fn('math.abs', [int], {
      gives: intType,
      run: value => (value === -(2n ** 63n) ? overflow() : value < 0n ? -value : value),
    }),
    fn('math.abs', [uint], { gives: uintType, run: value => value }),
    fn('math.abs', [double], { gives: doubleType, run: Math.abs }),
    fn('math.sign', [int], { gives: intType, run: sign }),
    fn('math.sign', [uint], { gives: uintType, run: value => new UInt(sign(value.value)) }),
    fn('math.sign', [double], { gives: doubleType, run: Math.sign }),
    ...bitwise,
  ],
}
