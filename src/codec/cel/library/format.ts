/** `'%s has %d'.format([name, count])` */
import { formatDuration, formatTimestamp } from '../time.ts'
import { formatType } from '../types.ts'
import { CelError, CelList, CelMap, Duration, isError, Timestamp, TypeValue, typeOf, UInt } from '../values.ts'
import type { Result, Value } from '../values.ts'
import { spend } from '../work.ts'
import { decodeText } from './bytes.ts'
import { compareStrings } from '../compare.ts'

const mostDecimals = 100

const during = (message: string): CelError => new CelError(`error during formatting: ${message}`)
const shown = (value: Value): string => {
  const name = formatType(typeOf(value))
  const known: Readonly<Record<string, string>> = {
    null: 'null_type',
    timestamp: 'google.protobuf.Timestamp',
    duration: 'google.protobuf.Duration',
  }
  return known[name] ?? name.replace(/\(.*/, '')
}

function named(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? undefined : value > 0 ? 'Infinity' : '-Infinity'
}

/** Without an exponent. */
function plain(value: number): string {
  if (Number.isInteger(value)) return Object.is(value, -0) ? '-0' : String(BigInt(value))
  const text = String(value)
  return text.includes('e') ? value.toFixed(100).replace(/0+$/, '') : text
}

/** Halves go to the even neighbour, as Go has it and JavaScript has not. */
function toFixed(value: number, decimals: number): string {
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${decimals > 0 ? `.${'0'.repeat(decimals)}` : ''}`
  const near = value.toFixed(decimals)
  const exact = value.toFixed(Math.min(decimals + 30, 100))
  const rest = exact.slice(exact.indexOf('.') + 1 + decimals)
  if (!/^50*$/.test(rest)) return near
  const down = exact.slice(0, exact.indexOf('.') + 1 + decimals).replace(/\.$/, '')
  return Number(down.at(-1)) % 2 === 0 ? down : near
}

function toScientific(value: number, decimals: number): string {
  const [digits = '', power = '0'] = value.toExponential(decimals).split('e')
  const size = String(Math.abs(Number(power))).padStart(2, '0')
  return `${digits}e${Number(power) < 0 ? '-' : '+'}${size}`
}

function asNumber(value: Value): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  return value instanceof UInt ? Number(value.value) : undefined
}

const integer = (value: Value): bigint | undefined =>
  typeof value === 'bigint' ? value : value instanceof UInt ? value.value : undefined

type Clause = (value: Value, decimals: number) => Result

const pointed =
  (name: string, write: (value: number, decimals: number) => string): Clause =>
  (value, decimals) => {
    const number = asNumber(value)
    if (number === undefined) return during(`${name} clause can only be used on doubles, was given ${shown(value)}`)
    return named(number) ?? write(number, decimals)
  }

const decimal: Clause = value => {
  if (typeof value === 'number') return named(value) ?? plain(value)
  const whole = integer(value)
  if (whole !== undefined) return String(whole)
  return during(`decimal clause can only be used on integers, was given ${shown(value)}`)
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

/** `%s` of anything that has a text. */
function textOf(value: Result): Result {
  spend(1)
  if (isError(value) || typeof value === 'string') return value
  if (typeof value === 'number') return named(value) ?? plain(value)
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof UInt) return String(value.value)
  if (value instanceof Uint8Array) return decodeText(value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof TypeValue) return formatType(value.of).replace(/\(.*/, '')
  if (value instanceof CelList) return listText(value)
  if (value instanceof CelMap && value.type === undefined) return mapText(value)
  return during(
    `string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${shown(value)}`,
  )
}

function all(values: readonly Result[]): readonly string[] | CelError {
  const texts: string[] = []
  for (const value of values) {
    const text = textOf(value)
    if (typeof text !== 'string') return isError(text) ? text : during('no text')
    spend(Math.ceil(text.length / 8))
    texts.push(text)
  }
  return texts
}

function listText(value: CelList): Result {
  const texts = all(value.items())
  return failed(texts) ? texts : `[${texts.join(', ')}]`
}

const failed = (value: readonly string[] | CelError): value is CelError => value instanceof CelError

function mapText(value: CelMap): Result {
  const keys = all(value.keys())
  const values = all(value.keys().map(key => value.at(key)))
  if (failed(keys)) return keys
  if (failed(values)) return values
  const entries = keys.map((key, at) => [key, values[at] ?? ''] as const)
  const sorted = entries.toSorted(([a], [b]) => compareStrings(a, b))
  return `{${sorted.map(([key, text]) => `${key}: ${text}`).join(', ')}}`
}

const clauses: ReadonlyMap<string, Clause> = new Map([
  ['s', textOf],
  ['d', decimal],
  ['f', pointed('fixed-point', toFixed)],
  ['e', pointed('scientific', toScientific)],
  ['b', binary],
  ['o', octal],
  ['x', hex],
  ['X', upperHex],
])

const clause = /%(?:%|(\.\d*)?([^]?))/g

export function format(template: string, values: CelList): Result {
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
    const text = next < values.length ? apply(values.at(next), found) : new CelError(`index ${next} out of range`)
    if (typeof text !== 'string') return text
    next++
    spend(Math.ceil(text.length / 8))
    out += text
  }
  return out + template.slice(from)
}

function apply(value: Result, [, precision, letter = '']: RegExpExecArray): Result {
  if (isError(value)) return value
  const write = clauses.get(letter)
  if (write === undefined)
    return new CelError(`could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(letter)}`)
  const decimals = precision === undefined ? 6 : Number(precision.slice(1) || '0')
  if (decimals > mostDecimals)
    return new CelError('could not parse formatting clause: error while parsing precision: precision too large')
  return write(value, decimals)
}
