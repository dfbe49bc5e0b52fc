/** The style of `format` that Kubernetes has: numbers with a point as an American writes them, lists and maps as literals. */
import { compareStrings } from '../compare.ts'
import { formatDuration, formatTimestamp } from '../time.ts'
import { formatType } from '../types.ts'
import { CelError, CelList, CelMap, Duration, isError, Timestamp, TypeValue, UInt } from '../values.ts'
import type { Result, Value } from '../values.ts'
import { spend } from '../work.ts'
import { decodeText } from './bytes.ts'
import { during, formatter, integer, shown, toFixed, toScientific } from './format.ts'
import type { Clause } from './format.ts'
import { formatDouble } from './numbers.ts'

const words: ReadonlySet<Value> = new Set(['NaN', 'Infinity', '-Infinity'])

const special = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞')

/** A comma after every third digit before the point. */
const grouped = (text: string): string => {
  const [whole = '', ...rest] = text.split('.')
  return [whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ','), ...rest].join('.')
}

const raised = (power: string): string =>
  Array.from(power, sign => (sign === '-' ? '⁻' : sign === '+' ? '' : ('⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)] ?? ''))).join('')

function scientific(value: number, decimals: number): string {
  const [digits = '', power = ''] = toScientific(value, decimals).split('e')
  return `${digits}×10${raised(power)}`
}

const pointed =
  (name: string, write: (value: number, decimals: number) => string): Clause =>
  (value, decimals) => {
    const number = words.has(value) ? Number(value) : value
    if (typeof number !== 'number')
      return during(`${name} clause can only be used on doubles, was given ${shown(value)}`)
    return Number.isFinite(number) ? write(number, decimals) : special(number)
  }

const decimal: Clause = value => {
  const whole = integer(value)
  return whole === undefined
    ? during(`decimal clause can only be used on integers, was given ${shown(value)}`)
    : String(whole)
}

const quoted = (value: string): string => JSON.stringify(value)

/** Inside a list or a map: a literal. */
function literalOf(value: Result): Result {
  if (isError(value)) return value
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return Number.isFinite(value) ? toFixed(value, 6) : quoted(formatDouble(value))
  if (value instanceof Timestamp) return `timestamp(${quoted(formatTimestamp(value))})`
  if (value instanceof Duration) return `duration(${quoted(formatDuration(value))})`
  const text = textOf(value)
  return value instanceof Uint8Array && typeof text === 'string' ? `b${quoted(text)}` : text
}

function textOf(value: Result): Result {
  spend(1)
  if (isError(value) || typeof value === 'string') return value
  if (typeof value === 'number') return formatDouble(value)
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

function literals(values: readonly Result[]): readonly string[] | CelError {
  const texts: string[] = []
  for (const value of values) {
    const text = literalOf(value)
    if (typeof text !== 'string') return isError(text) ? text : during('no text')
    spend(Math.ceil(text.length / 8))
    texts.push(text)
  }
  return texts
}

const failed = (value: readonly string[] | CelError): value is CelError => value instanceof CelError

function listText(value: CelList): Result {
  const texts = literals(value.items())
  return failed(texts) ? texts : `[${texts.join(', ')}]`
}

function mapText(value: CelMap): Result {
  const keys = literals(value.keys())
  const values = literals(value.keys().map(key => value.at(key)))
  if (failed(keys)) return keys
  if (failed(values)) return values
  const entries = keys.map((key, at) => [key, values[at] ?? ''] as const)
  const sorted = entries.toSorted(([a], [b]) => compareStrings(a, b))
  return `{${sorted.map(([key, text]) => `${key}:${text}`).join(', ')}}`
}

export const formatKubernetes = formatter({
  text: textOf,
  decimal,
  fixed: pointed('fixed-point', (value, decimals) => grouped(toFixed(value, decimals))),
  scientific: pointed('scientific', scientific),
})
