/**
 * Kubernetes quantities: exact decimals with a suffix (`100m`, `1.5Gi`, `1e3`), kept to a billionth. The canonical text
 * is unique for a value and its notation, so that canonical texts of one notation compare as values do.
 */

export type Notation = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

export interface Quantity {
  /** The value in billionths, exact. Finer input is rounded away from zero. */
  readonly nanos: bigint
  readonly notation: Notation
}

export class QuantityError extends Error {}

const nano = 1_000_000_000n
const decimal = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
/** What binary notation is cut off at, as upstream does. */
const binaryMost = ((1n << 63n) - 1n) * nano
const longest = 256
/** Exponents beyond this make numbers that nobody means, and that take long to compute. */
const highestExponent = 100
const largest = 10n ** BigInt(highestExponent) * nano

const grammar = /^([+-]?)(\d*)(?:\.(\d*))?([A-Za-z]{0,2}|[eE][+-]?\d{1,9})$/

const wrongFormat = (): QuantityError =>
  new QuantityError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
const wrongSuffix = (): QuantityError => new QuantityError("unable to parse quantity's suffix")

/** @throws QuantityError with upstream's text. */
export function parseQuantity(text: string): Quantity {
  const found = text.length > longest ? null : grammar.exec(text)
  if (found === null) throw wrongFormat()
  const [, sign = '', whole = '', fraction = '', suffix = ''] = found
  if (whole === '' && fraction === '') throw wrongFormat()
  const digits = BigInt(whole + fraction)
  const { two, ten, notation } = readSuffix(suffix)
  const exponent = ten - fraction.length + 9
  const scaled = digits << BigInt(two)
  const size = exponent >= 0 ? scaled * 10n ** BigInt(exponent) : divideUp(scaled, 10n ** BigInt(-exponent))
  // So that the canonical text, whose exponent may be larger, can be read again.
  if (notation === 'DecimalExponent' && size > largest) throw wrongSuffix()
  const capped = notation === 'BinarySI' && size > binaryMost ? binaryMost : size
  return { nanos: sign === '-' ? -capped : capped, notation }
}

function readSuffix(suffix: string): { two: number; ten: number; notation: Notation } {
  const si = decimal.indexOf(suffix)
  if (si >= 0) return { two: 0, ten: (si - 3) * 3, notation: 'DecimalSI' }
  const power = binary.indexOf(suffix)
  if (power > 0) return { two: power * 10, ten: 0, notation: 'BinarySI' }
  const exponent = /^[eE][+-]?\d/.test(suffix) ? Number(suffix.slice(1)) : Number.NaN
  if (!(Math.abs(exponent) <= highestExponent)) throw wrongSuffix()
  return { two: 0, ten: exponent, notation: 'DecimalExponent' }
}

/** Of non-negative numbers. */
const divideUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value)

/** The canonical text: the largest suffix that leaves a whole number. */
export function formatQuantity(quantity: Quantity): string {
  const { nanos, notation } = quantity
  if (nanos === 0n) return '0'
  const small = magnitude(nanos) < 1024n * nano
  if (notation === 'BinarySI' && !small && nanos % nano === 0n) return formatBinary(nanos / nano)
  return formatDecimal(nanos, notation === 'DecimalExponent')
}

function formatBinary(value: bigint): string {
  let rest = value
  let power = 0
  for (; rest % 1024n === 0n && power < binary.length - 1; power++) rest /= 1024n
  return `${rest}${binary[power] ?? ''}`
}

function formatDecimal(nanos: bigint, exponent: boolean): string {
  let rest = nanos
  let power = 0
  for (; rest % 1000n === 0n && (exponent || power < decimal.length - 1); power++) rest /= 1000n
  if (!exponent) return `${rest}${decimal[power] ?? ''}`
  return power === 3 ? `${rest}` : `${rest}e${(power - 3) * 3}`
}

const plain = /^[1-9](?:\d{0,14}[mkMGT]?|\d{0,4}[KMGT]i)$/

/** The canonical text of a quantity's text. @throws QuantityError */
export function canonicalQuantity(text: string): string {
  const quick =
    plain.test(text) && (text.endsWith('i') ? Number.parseInt(text, 10) % 1024 !== 0 : !text.includes('000'))
  return quick ? text : formatQuantity(parseQuantity(text))
}

export const compareQuantities = (a: Quantity, b: Quantity): -1 | 0 | 1 =>
  a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0

/** The sum, in the first one's notation, or the second's where the first is zero. */
export const addQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nanos: a.nanos + b.nanos,
  notation: a.nanos === 0n ? b.notation : a.notation,
})

export const subtractQuantities = (a: Quantity, b: Quantity): Quantity => addQuantities(a, negateQuantity(b))

export const negateQuantity = (a: Quantity): Quantity => ({ nanos: -a.nanos, notation: a.notation })

/** In whole units, rounded away from zero. */
export const wholeUnits = (quantity: Quantity): bigint => units(quantity.nanos, nano)

/** In thousandths, rounded away from zero: `0.1` of a CPU is 100. */
export const milliUnits = (quantity: Quantity): bigint => units(quantity.nanos, 1_000_000n)

const units = (nanos: bigint, by: bigint): bigint => {
  const size = divideUp(magnitude(nanos), by)
  return nanos < 0n ? -size : size
}

export const quantityOfUnits = (units: bigint | number, notation: Notation = 'DecimalSI'): Quantity => ({
  nanos: BigInt(units) * nano,
  notation,
})

export const quantityOfMillis = (millis: bigint | number, notation: Notation = 'DecimalSI'): Quantity => ({
  nanos: BigInt(millis) * 1_000_000n,
  notation,
})

export const zeroQuantity: Quantity = { nanos: 0n, notation: 'DecimalSI' }
