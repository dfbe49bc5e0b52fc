/** `'%s has %d'.format([name, count])` */
import { formatDuration, formatTimestamp } from '../time.ts'
import { formatType } from '../types.ts'
import { CelError, CelList, CelMap, Duration, isError, Timestamp, TypeValue, typeOf, UInt } from '../values.ts'
import type { Result, Value } from '../values.ts'
import { spend } from '../work.ts'
import { decodeText } from './bytes.ts'
import { compareStrings } from '../compare.ts'

const mostDecimals = 100

export const during = (message: string): CelError => new CelError(`error during formatting: ${message}`)
export const shown = (value: Value): string => {
  const name = formatType(typeOf(value))
  const known: Readonly<Record<string, string>> = {
    null: 'null_type',
    timestamp: 'google.protobuf.Timestamp',
    duration: 'google.protobuf.Duration',
  }
  return known[name] ?? name.replace(/\(.*/, '')
}

export function named(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? undefined : value > 0 ? 'Infinity' : '-Infinity'
}

/** Without an exponent. */
export function plain(value: number): string {
  if (Number.isInteger(value)) return Object.is(value, -0) ? '-0' : String(BigInt(value))
  const text = String(value)
  return text.includes('e') ? value.toFixed(100).replace(/0+$/, '') : text
}

/** Halves go to the even neighbour, as Go has it and JavaScript has not. */
export function toFixed(value: number, decimals: number): string {
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${decimals > 0 ? `.${'0'.repeat(decimals)}` : ''}`
  const near = value.toFixed(decimals)
  const exact = value.toFixed(Math.min(decimals + 30, 100))
  const rest = exact.slice(exact.indexOf('.') + 1 + decimals)
  if (!/^50*$/.test(rest)) return near
  const down = exact.slice(0, exact.indexOf('.') + 1 + decimals).replace(/\.$/, '')
  return Number(down.at(-1)) % 2 === 0 ? down : near
}

export function toScientific(value: number, decimals: number): string {
  const [digits = '', power = '0'] = value.toExponential(decimals).split('e')
  const size = String(Math.abs(Number(power))).padStart(2, '0')
  return `${digits}e${Number(power) < 0 ? '-' : '+'}${size}`
}

function asNumber(value: Value): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  return value instanceof UInt ? Number(value.value) : undefined
}

export const integer = (value: Value): bigint | undefined =>
  typeof value === 'bigint' ? value : value instanceof UInt ? value.value : undefined

export type Clause = (value: Value, decimals: number) => Result

export const pointed =
  (name: string, write: (value: number, decimals: number) => string): Clause =>
  (value, decimals) => {
    const number = asNumber(value)
    if (number === undefined) return during(`${name} clause can only be used on doubles, was given ${shown(value)}`)
    return named(number) ?? write(number, decimals)
  }

const binary: Clause = value => {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return (
    integer(value)?.toString(2) ??
    during(`only integers and bools can be formatted as binary, was given ${shown(value)}`)
  )
}

const octal: Clause = value =>
  integer(value)?.toString(8) ?? during(`octal clause can only be used on integers, was given ${shown(value)}`)

const hex: Clause = value => {
  if (typeof value === 'string') return Buffer.from(value).toString('hex')
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return (
    integer(value)?.toString(16) ??
    during(`only integers, byte buffers, and strings can be formatted as hex, was given ${shown(value)}`)
  )
}

const upperHex: Clause = (value, decimals) => {
  const text = hex(value, decimals)
  return typeof text === 'string' ? text.toUpperCase() : text
}

/** How a style writes values as text. */
export interface Writing {
  readonly double: (value: number) => string
  /** What is inside a list or a map. */
  readonly item: (value: Result) => Result
  readonly colon: string
}

/** `%s` of anything that has a text. */
export function textOf(value: Result, writing: Writing): Result {
  spend(1)
  if (isError(value) || typeof value === 'string') return value
  if (typeof value === 'number') return writing.double(value)
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof UInt) return String(value.value)
  if (value instanceof Uint8Array) return decodeText(value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof TypeValue) return formatType(value.of).replace(/\(.*/, '')
  if (value instanceof CelList) return listText(value, writing)
  if (value instanceof CelMap && value.type === undefined) return mapText(value, writing)
  return during(
    `string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${shown(value)}`,
  )
}

function itemTexts(values: readonly Result[], { item }: Writing): readonly string[] | CelError {
  const texts: string[] = []
  for (const value of values) {
    const text = item(value)
    if (typeof text !== 'string') return isError(text) ? text : during('no text')
    spend(Math.ceil(text.length / 8))
    texts.push(text)
  }
  return texts
}

const failed = (value: readonly string[] | CelError): value is CelError => value instanceof CelError

function listText(value: CelList, writing: Writing): Result {
  const texts = itemTexts(value.items(), writing)
  return failed(texts) ? texts : `[${texts.join(', ')}]`
}

function mapText(value: CelMap, writing: Writing): Result {
  const keys = itemTexts(value.keys(), writing)
  const values = itemTexts(
    value.keys().map(key => value.at(key)),
    writing,
  )
  if (failed(keys)) return keys
  if (failed(values)) return values
  const entries = keys.map((key, at) => [key, values[at] ?? ''] as const)
  const sorted = entries.toSorted(([a], [b]) => compareStrings(a, b))
  return `{${sorted.map(([key, text]) => `${key}${writing.colon}${text}`).join(', ')}}`
}

/** What a style writes its own way. */
export interface Style {
  readonly text: (value: Value) => Result
  readonly decimal: Clause
  readonly fixed: Clause
  readonly scientific: Clause
}

const clausesOf = ({ text, decimal, fixed, scientific }: Style): ReadonlyMap<string, Clause> =>
  new Map([
    ['s', text],
    ['d', decimal],
    ['f', fixed],
    ['e', scientific],
    ['b', binary],
    ['o', octal],
    ['x', hex],
    ['X', upperHex],
  ])

const clause = /%(?:%|(\.\d*)?([^]?))/g

export const formatter = (style: Style): ((template: string, values: CelList) => Result) => {
  const clauses = clausesOf(style)
  return (template, values) => format(clauses, template, values)
}

function format(clauses: ReadonlyMap<string, Clause>, template: string, values: CelList): Result {
  let next = 0
  let out = ''
  let from = 0
  for (const found of template.matchAll(clause)) {
    out += template.slice(from, found.index)
    from = found.index + found[0].length
    if (found[0] === '%%') {
      out += '%'
      continue
    }
    const text =
      next < values.length ? apply(clauses, values.at(next), found) : new CelError(`index ${next} out of range`)
    if (typeof text !== 'string') return text
    next++
    spend(Math.ceil(text.length / 8))
    out += text
  }
  return out + template.slice(from)
}

function apply(
  clauses: ReadonlyMap<string, Clause>,
  value: Result,
  [, precision, letter = '']: RegExpExecArray,
): Result {
  if (isError(value)) return value
  const write = clauses.get(letter)
  if (write === undefined)
    return new CelError(`could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(letter)}`)
  const decimals = precision === undefined ? 6 : Number(precision.slice(1) || '0')
  if (decimals > mostDecimals)
    return new CelError('could not parse formatting clause: error while parsing precision: precision too large')
  return write(value, decimals)
}
