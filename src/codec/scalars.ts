/** The canonical forms of strings that stand for something: times, bytes, quantities. Each gives back what it got when it is canonical. */
import { canonicalQuantity, QuantityError } from '#base/quantity.ts'
import { DecodeError } from './errors.ts'

const timePattern = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(?:Z|[+-]\d\d:\d\d)$/
const canonicalTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const canonicalMicroTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

const earliest = Date.parse('0000-01-01T00:00:00Z')
const latest = Date.parse('9999-12-31T23:59:59Z')

/** Milliseconds since the epoch of whole seconds, and the microseconds beyond them. */
function parseTime(text: string): { milliseconds: number; micros: string } {
  const found = text.length > 64 ? null : timePattern.exec(text)
  const [, date = '', clock = '', fraction = ''] = found ?? []
  const zone = text.endsWith('Z') ? 'Z' : text.slice(-6)
  const milliseconds = found === null ? Number.NaN : Date.parse(`${date}T${clock}${zone}`)
  // Date.parse rolls 30 February over; Go refuses it.
  const day = new Date(`${date}T00:00:00Z`)
  const whole = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date) && clock < '24'
  // RFC 3339 has no years beyond these; a zone may lead there.
  if (!whole || !(milliseconds >= earliest && milliseconds <= latest))
    throw new DecodeError(
      `parsing time ${JSON.stringify(text.slice(0, 64))} as "2006-01-02T15:04:05Z07:00": cannot parse`,
    )
  return { milliseconds, micros: fraction.padEnd(6, '0').slice(0, 6) }
}

const seconds = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 19)

/** @throws DecodeError for what is no RFC 3339 time. */
export function timeText(text: string): string {
  const { milliseconds } = parseTime(text)
  return canonicalTime.test(text) ? text : `${seconds(milliseconds)}Z`
}

/** @throws DecodeError for what is no RFC 3339 time. */
export function microTimeText(text: string): string {
  const { milliseconds, micros } = parseTime(text)
  return canonicalMicroTime.test(text) ? text : `${seconds(milliseconds)}.${micros}Z`
}

const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/
const lineEnds = /[\r\n]/g
/** Last characters before the padding whose unused bits are zero. */
const cleanTwo = /[AQgw]==$/
const cleanOne = /[AEIMQUYcgkosw048]=$/

/** @throws DecodeError for what is no standard base64. */
export function bytesText(text: string): string {
  const joined = lineEnds.test(text) ? text.replaceAll(lineEnds, '') : text
  lineEnds.lastIndex = 0
  if (joined.length % 4 !== 0 || !base64Pattern.test(joined)) throw new DecodeError('illegal base64 data')
  const clean = !joined.endsWith('=') || (joined.endsWith('==') ? cleanTwo : cleanOne).test(joined)
  return clean ? joined : Buffer.from(joined, 'base64').toString('base64')
}

/** @throws DecodeError */
export function quantityText(value: string | number): string {
  try {
    return canonicalQuantity(String(value).trim())
  } catch (error) {
    throw error instanceof QuantityError ? new DecodeError(error.message) : error
  }
}

const durationPattern =
  /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*$/

/** Go's duration, `1h30m`. @throws DecodeError */
export function durationText(text: string): string {
  if (text === '0' || (text.length <= 64 && durationPattern.test(text))) return text
  throw new DecodeError(`time: invalid duration ${JSON.stringify(text.slice(0, 64))}`)
}
