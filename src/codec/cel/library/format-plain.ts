/** The newer style of `format`: everything as it stands. */
import { during, formatter, integer, named, plain, pointed, shown, textOf, toFixed, toScientific } from './format.ts'
import type { Clause, Writing } from './format.ts'

const decimal: Clause = value => {
  if (typeof value === 'number') return named(value) ?? plain(value)
  const whole = integer(value)
  if (whole !== undefined) return String(whole)
  return during(`decimal clause can only be used on integers, was given ${shown(value)}`)
}

const writing: Writing = {
  double: value => named(value) ?? plain(value),
  item: value => textOf(value, writing),
  colon: ': ',
}

export const formatPlain = formatter({
  text: value => textOf(value, writing),
  decimal,
  fixed: pointed('fixed-point', toFixed),
  scientific: pointed('scientific', toScientific),
})
