/** Numbers in messages, as Go prints them. */

/** Shortest form; with an exponent from a million on. */
export function goNumber(value: number): string {
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value === 0 || (power >= -4 && power < 21 && Math.abs(power) < 21 && power < 6)) return String(value)
  const shown = `${Math.abs(power)}`.padStart(2, '0')
  return `${digits}e${power < 0 ? '-' : '+'}${shown}`
}

/** Whether `value` is a multiple; tolerant where the quotient is beyond what a double tells apart. */
export function isMultiple(value: number, of: number): boolean {
  const quotient = value / of
  return Number.isFinite(quotient) && Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient))
}
