/** Values that may be absent. */
import { dyn, fn, int, list, map, method, optional, text, varA, varB } from '../define.ts'
import type { Library } from '../define.ts'
import { optionalMacros } from '../macros.ts'
import { boolType, dynType, listType, optionalType } from '../types.ts'
import {
  CelError,
  CelList,
  CelMap,
  Duration,
  isError,
  none,
  noSuchOverload,
  Optional,
  Timestamp,
  UInt,
} from '../values.ts'
import type { Result, Value } from '../values.ts'
import { loose } from './operators.ts'

/** An instant is zero where Go's is. */
const yearOne = -62_135_596_800n

/** Zero, empty, false or null. */
function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0 || value === 0n || value === '') return true
  if (value instanceof UInt) return value.value === 0n
  if (value instanceof CelList || value instanceof Uint8Array) return value.length === 0
  if (value instanceof CelMap) return value.size === 0
  if (value instanceof Duration) return value.nanos === 0n
  if (value instanceof Timestamp) return value.seconds === yearOne && value.nanos === 0
  return value instanceof Optional && value.value === undefined
}

const held = ({ value }: Optional): Result =>
  value === undefined ? new CelError('optional.none() dereference') : value

function unwrapAll(values: CelList): Result {
  const kept: Value[] = []
  for (const value of values.items()) {
    if (isError(value)) return value
    if (!(value instanceof Optional)) return new CelError('value is not optional')
    if (value.value !== undefined) kept.push(value.value)
  }
  return CelList.of(kept)
}

function ended(values: CelList, at: number): Result {
  if (values.length === 0) return none
  const item = values.at(at)
  return isError(item) ? item : new Optional(item)
}

const opt = optionalType(varA.type)
const optB = optionalType(varB.type)
const unrun = noSuchOverload

export const optionals: Library = {
  macros: optionalMacros,
  types: [['optional_type', optionalType(dynType)]],
  overloads: [
    fn('optional.of', [varA], { gives: opt, run: value => new Optional(value) }),
    fn('optional.ofNonZeroValue', [varA], { gives: opt, run: value => (isZero(value) ? none : new Optional(value)) }),
    fn('optional.none', [], { gives: opt, run: () => none }),
    fn('optional.unwrap', [list(opt)], { gives: listType(varA.type), run: unwrapAll }),
    method('unwrapOpt', [list(opt)], { gives: listType(varA.type), run: unwrapAll }),
    method('hasValue', [optional()], { gives: boolType, run: value => value.value !== undefined }),
    method('value', [optional()], { gives: varA.type, run: held }),
    method('or', [optional(), optional()], {
      gives: opt,
      run: (value, other) => (value.value === undefined ? other : value),
    }),
    method('orValue', [optional(), varA], {
      gives: varA.type,
      run: (value, other) => (value.value === undefined ? other : value.value),
    }),
    method('first', [list()], { gives: opt, run: values => ended(values, 0) }),
    method('last', [list()], { gives: opt, run: values => ended(values, values.length - 1) }),
    // These run in the evaluator; here are their types.
    fn('_?._', [dyn, text], { gives: optionalType(dynType), run: unrun }),
    fn('_[?_]', [list(), loose(int)], { gives: opt, run: unrun }),
    fn('_[?_]', [optional(list().type), loose(int)], { gives: opt, run: unrun }),
    fn('_[?_]', [map(), loose(varA)], { gives: optB, run: unrun }),
    fn('_[?_]', [optional(map().type), loose(varA)], { gives: optB, run: unrun }),
    fn('_[_]', [optional(list().type), loose(int)], { gives: opt, run: unrun }),
    fn('_[_]', [optional(map().type), loose(varA)], { gives: optB, run: unrun }),
  ],
}
