/** The functions that every environment has. */
import { costs, matching, matchingEstimate, multiply, scale, sizeOf, traversal } from '../cost.ts'
import type { Overload } from '../define.ts'
import { bool, bytes, double, duration, fn, int, list, map, method, text, timestamp, uint, varA } from '../define.ts'
import type { Kind, Library } from '../define.ts'
import { compilePattern, matchesPattern } from '../regex.ts'
import { characters } from '../text.ts'
import {
  dateField,
  durationOf,
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
  timestampOf,
} from '../time.ts'
import * as types from '../types.ts'
import { CelError, isError, TypeValue, typeOf } from '../values.ts'
import type { CelList, CelMap, Result, Timestamp, Value } from '../values.ts'
import { decodeText } from './bytes.ts'
import { formatDouble, intOfDouble, parseDouble, toInt, toUint, uintOfDouble } from './numbers.ts'

const wrong = (text: string, to: string): CelError =>
  new CelError(`type conversion error: string to ${to}: ${JSON.stringify(text.slice(0, 64))}`)

const integerText = /^[+-]?\d{1,40}$/
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map(text => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map(text => [text, false] as const),
])

const toText: Pick<Overload, 'cost' | 'estimate'> = {
  cost: ([value = null]) => traversal(sizeOf(value)),
  estimate: sizes => {
    const size = sizes.of(0)
    return { cost: scale(size, costs.traversal), size: { min: Math.floor(size.min / 4), max: size.max } }
  },
}

const toBytes: Pick<Overload, 'cost' | 'estimate'> = {
  cost: ([value = null]) => traversal(sizeOf(value)),
  estimate: sizes => {
    const size = sizes.of(0)
    return { cost: scale(size, costs.traversal), size: { min: size.min, max: size.max * 4 } }
  },
}

const same = (name: string, kind: Kind<Value>): Overload => fn(name, [kind], { gives: kind.type, run: value => value })

const numeric: readonly Overload[] = [
  same('int', int),
  fn('int', [uint], { gives: types.intType, run: value => toInt(value.value) }),
  fn('int', [double], { gives: types.intType, run: intOfDouble }),
  fn('int', [text], {
    gives: types.intType,
    run: value => (integerText.test(value) ? toInt(BigInt(value)) : wrong(value, 'int')),
  }),
  fn('int', [timestamp], { gives: types.intType, run: value => value.seconds }),
  fn('int', [duration], { gives: types.intType, run: value => value.nanos }),
  same('uint', uint),
  fn('uint', [int], { gives: types.uintType, run: value => toUint(value) }),
  fn('uint', [double], { gives: types.uintType, run: uintOfDouble }),
  fn('uint', [text], {
    gives: types.uintType,
    run: value => (/^\d{1,40}$/.test(value) ? toUint(BigInt(value)) : wrong(value, 'uint')),
  }),
  same('double', double),
  fn('double', [int], { gives: types.doubleType, run: Number }),
  fn('double', [uint], { gives: types.doubleType, run: value => Number(value.value) }),
  fn('double', [text], { gives: types.doubleType, run: value => parseDouble(value) ?? wrong(value, 'double') }),
]

const textual: readonly Overload[] = [
  same('string', text),
  fn('string', [int], { gives: types.stringType, run: String }),
  fn('string', [uint], { gives: types.stringType, run: value => String(value.value) }),
  fn('string', [double], { gives: types.stringType, run: formatDouble }),
  fn('string', [bool], { gives: types.stringType, run: String }),
  fn('string', [bytes], { gives: types.stringType, run: decodeText, ...toText }),
  fn('string', [timestamp], { gives: types.stringType, run: formatTimestamp }),
  fn('string', [duration], { gives: types.stringType, run: formatDuration }),
  same('bytes', bytes),
  fn('bytes', [text], { gives: types.bytesType, run: value => new Uint8Array(Buffer.from(value)), ...toBytes }),
  same('bool', bool),
  fn('bool', [text], { gives: types.boolType, run: value => truths.get(value) ?? wrong(value, 'bool') }),
  same('timestamp', timestamp),
  fn('timestamp', [text], { gives: types.timestampType, run: parseTimestamp }),
  fn('timestamp', [int], { gives: types.timestampType, run: value => timestampOf(value * 1_000_000_000n) }),
  same('duration', duration),
  fn('duration', [text], { gives: types.durationType, run: parseDuration }),
  fn('duration', [int], { gives: types.durationType, run: durationOf }),
  fn('type', [varA], { gives: types.typeType(varA.type), run: value => new TypeValue(typeOf(value)) }),
  fn('dyn', [varA], { gives: types.dynType, run: value => value }),
  fn('@not_strictly_false', [bool], { gives: types.boolType, run: value => value }),
]

const counted = (value: string | Uint8Array | CelList | CelMap): bigint => {
  if (typeof value === 'string') return BigInt(characters(value))
  return BigInt('size' in value ? value.size : value.length)
}

const sizes: readonly Overload[] = [fn, method].flatMap(define => [
  define('size', [text], { gives: types.intType, run: counted }),
  define('size', [bytes], { gives: types.intType, run: counted }),
  define('size', [list()], { gives: types.intType, run: counted }),
  define('size', [map()], { gives: types.intType, run: counted }),
])

const matches = (subject: string, pattern: string): Result => {
  const compiled = compilePattern(pattern)
  return isError(compiled) ? compiled : matchesPattern(compiled, subject)
}

const matchCost: Pick<Overload, 'cost' | 'estimate'> = {
  cost: ([subject = null, pattern = null]) => matching(sizeOf(subject), sizeOf(pattern)),
  estimate: sizes => ({ cost: matchingEstimate(sizes.of(0), sizes.of(1)) }),
}

const strings: readonly Overload[] = [
  method('startsWith', [text, text], {
    gives: types.boolType,
    run: (subject, part) => subject.startsWith(part),
    cost: ([subject = null]) => traversal(sizeOf(subject)),
    estimate: sizes => ({ cost: scale(sizes.of(1), costs.traversal) }),
  }),
  method('endsWith', [text, text], {
    gives: types.boolType,
    run: (subject, part) => subject.endsWith(part),
    cost: ([subject = null]) => traversal(sizeOf(subject)),
    estimate: sizes => ({ cost: scale(sizes.of(1), costs.traversal) }),
  }),
  method('contains', [text, text], {
    gives: types.boolType,
    run: (subject, part) => subject.includes(part),
    cost: ([subject = null, part = null]) => traversal(sizeOf(subject)) * traversal(sizeOf(part)),
    estimate: sizes => ({
      cost: multiply(scale(sizes.of(0), costs.traversal), scale(sizes.of(1), costs.traversal)),
    }),
  }),
  method('matches', [text, text], { gives: types.boolType, run: matches, ...matchCost }),
  fn('matches', [text, text], { gives: types.boolType, run: matches, ...matchCost }),
]

const day = 86_400_000
const dayOfYear = (date: Date): number => {
  const start = new Date(date)
  start.setUTCMonth(0, 1)
  return Math.round((date.getTime() - start.getTime()) / day)
}

const dateFields: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: date => date.getUTCFullYear(),
  getMonth: date => date.getUTCMonth(),
  getDayOfYear: dayOfYear,
  getDayOfMonth: date => date.getUTCDate() - 1,
  getDate: date => date.getUTCDate(),
  getDayOfWeek: date => date.getUTCDay(),
  getHours: date => date.getUTCHours(),
  getMinutes: date => date.getUTCMinutes(),
  getSeconds: date => date.getUTCSeconds(),
  getMilliseconds: date => date.getUTCMilliseconds(),
}

const dates: readonly Overload[] = Object.entries(dateFields).flatMap(([name, field]) => [
  method(name, [timestamp], { gives: types.intType, run: (at: Timestamp) => dateField(at, '', field) }),
  method(name, [timestamp, text], {
    gives: types.intType,
    run: (at: Timestamp, zone: string) => dateField(at, zone, field),
  }),
])

const durations: readonly Overload[] = [
  method('getHours', [duration], { gives: types.intType, run: ({ nanos }) => nanos / 3_600_000_000_000n }),
  method('getMinutes', [duration], { gives: types.intType, run: ({ nanos }) => nanos / 60_000_000_000n }),
  method('getSeconds', [duration], { gives: types.intType, run: ({ nanos }) => nanos / 1_000_000_000n }),
  method('getMilliseconds', [duration], { gives: types.intType, run: ({ nanos }) => nanos / 1_000_000n }),
]

export const standard: Library = {
  overloads: [...numeric, ...textual, ...sizes, ...strings, ...dates, ...durations],
  types: [
    ['bool', types.boolType],
    ['int', types.intType],
    ['uint', types.uintType],
    ['double', types.doubleType],
    ['string', types.stringType],
    ['bytes', types.bytesType],
    ['list', types.listType(types.dynType)],
    ['map', types.mapType(types.dynType, types.dynType)],
    ['null_type', types.nullType],
    ['type', types.typeType()],
    ['google.protobuf.Timestamp', types.timestampType],
    ['google.protobuf.Duration', types.durationType],
  ],
}
