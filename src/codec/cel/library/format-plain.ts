/** The newer style of `format`: everything as it stands. */
import { compareStrings } from '../compare.ts'
import { formatDuration, formatTimestamp } from '../time.ts'
import { formatType } from '../types.ts'
import { CelError, CelList, CelMap, Duration, isError, Timestamp, TypeValue, UInt } from '../values.ts'
import type { Result } from '../values.ts'
import { spend } from '../work.ts'
import { decodeText } from './bytes.ts'
import { during, formatter, integer, named, plain, pointed, shown, toFixed, toScientific } from './format.ts'
import type { Clause } from './format.ts'

const decimal: Clause = value => {
  if (typeof value === 'number') return named(value) ?? plain(value)
  const whole = integer(value)
  if (whole !== undefined) return String(whole)
  return during(`decimal clause can only be used on integers, was given ${shown(value)}`)
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

export const formatPlain = formatter({
  text: textOf,
  decimal,
  fixed: pointed('fixed-point', toFixed),
  scientific: pointed('scientific', toScientific),
})
