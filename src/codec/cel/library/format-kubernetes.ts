/** The style of `format` that Kubernetes has: numbers with a point as an American writes them, lists and maps as literals. */
import { formatDuration, formatTimestamp } from '../time.ts'
import { Duration, Timestamp } from '../values.ts'
import type { Result, Value } from '../values.ts'
import { during, formatter, integer, shown, textOf, toFixed, toScientific } from './format.ts'
import type { Clause, Writing } from './format.ts'
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
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return Number.isFinite(value) ? toFixed(value, 6) : quoted(formatDouble(value))
  if (value instanceof Timestamp) return `timestamp(${quoted(formatTimestamp(value))})`
  if (value instanceof Duration) return `duration(${quoted(formatDuration(value))})`
  const text = textOf(value, writing)
  return value instanceof Uint8Array && typeof text === 'string' ? `b${quoted(text)}` : text
}

const writing: Writing = { double: formatDouble, item: literalOf, colon: ':' }

export const formatKubernetes = formatter({
  text: value => textOf(value, writing),
  decimal,
  fixed: pointed('fixed-point', (value, decimals) => grouped(toFixed(value, decimals))),
  scientific: pointed('scientific', scientific),
})
