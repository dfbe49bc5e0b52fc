/** Numbers: their ranges, and Go's notations for them. */
import { CelError, UInt } from '../values.ts'
import type { Result } from '../values.ts'

export const overflow = (): CelError => new CelError('integer overflow')

export const toInt = (value: bigint): bigint | CelError => (BigInt.asIntN(64, value) === value ? value : overflow())

export const toUint = (value: bigint): UInt | CelError =>
  BigInt.asUintN(64, value) === value ? new UInt(value) : new CelError('unsigned integer overflow')

export function intOfDouble(value: number): Result {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) return overflow()
  return BigInt(Math.trunc(value))
}

export function uintOfDouble(value: number): Result {
  if (!(value >= 0 && value < 2 ** 64)) return new CelError('unsigned integer overflow')
  return new UInt(BigInt(Math.trunc(value)))
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const infinite = /^([+-]?)inf(?:inity)?$/i

export function parseDouble(text: string): number | undefined {
  const sign = infinite.exec(text)
  if (sign !== null) return sign[1] === '-' ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  if (!decimal.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return Object.is(value, -0) ? '-0' : undefined
}

/** Go's %g: as short as it can be, with an exponent from a million up and below a ten-thousandth. */
export function formatDouble(value: number): string {
  const named = special(value)
  if (named !== undefined || value === 0) return named ?? '0'
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 6) return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  return plainDigits(value)
}

/** Without an exponent, whatever the size. */
function plainDigits(value: number): string {
  const text = String(value)
  const found = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text)
  if (found === null) return text
  const [, sign = '', first = '', rest = '', power = ''] = found
  return `${sign}0.${'0'.repeat(Number(power) - 1)}${first}${rest}`
}
