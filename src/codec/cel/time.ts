/** Instants and durations to the nanosecond, in Go's notations. */
import { CelError, Duration, isError, Timestamp } from './values.ts'
import type { Result } from './values.ts'

const second = 1_000_000_000n
const mostDuration = (1n << 63n) - 1n
const earliest = BigInt(Date.parse('0001-01-01T00:00:00Z')) / 1000n
const latest = BigInt(Date.parse('9999-12-31T23:59:59Z')) / 1000n

const floorDivide = (value: bigint, by: bigint): bigint => (value - (((value % by) + by) % by)) / by

export function durationOf(nanos: bigint): Duration | CelError {
  if (nanos > mostDuration || nanos < -mostDuration - 1n) return new CelError('integer overflow')
  return new Duration(nanos)
}

/** An instant of the years 1 to 9999. */
export function timestampOf(totalNanos: bigint, offset = 0): Timestamp | CelError {
  const seconds = floorDivide(totalNanos, second)
  if (seconds < earliest || seconds > latest) return new CelError('timestamp overflow')
  return new Timestamp(seconds, Number(totalNanos - seconds * second), offset)
}

const instant = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

const validDay = (year: number, month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()

/** RFC 3339. */
export function parseTimestamp(text: string): Timestamp | CelError {
  const found = instant.exec(text)
  const wrong = (): CelError => new CelError(`invalid RFC 3339 timestamp: ${JSON.stringify(text.slice(0, 64))}`)
  if (found === null) return wrong()
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second_ = 0] = found.slice(1, 7).map(Number)
  const [, , , , , , , fraction = '', sign = '+', zoneHour = '0', zoneMinute = '0'] = found
  if (!validDay(year, month, day) || hour > 23 || minute > 59 || second_ > 59) return wrong()
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return wrong()
  const local = new Date(0)
  local.setUTCFullYear(year, month - 1, day)
  local.setUTCHours(hour, minute, second_)
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60 * (sign === '-' ? -1 : 1)
  const seconds = BigInt(local.getTime()) / 1000n - BigInt(offset)
  return timestampOf(seconds * second + BigInt(fraction.slice(0, 9).padEnd(9, '0')), offset)
}

function zoneOf(offset: number): string {
  if (offset === 0) return 'Z'
  const minutes = Math.abs(offset) / 60
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

export function formatTimestamp({ seconds, nanos, offset }: Timestamp): string {
  const whole = new Date((Number(seconds) + offset) * 1000).toISOString().slice(0, 19)
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`
  return `${whole}${fraction}${zoneOf(offset)}`
}

const units: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', second],
  ['m', 60n * second],
  ['h', 3600n * second],
])
const durationPart = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y
const longestDuration = 100

/** Go's notation: `1h30m`, `-1.5s`. */
export function parseDuration(text: string): Duration | CelError {
  const wrong = new CelError(`invalid duration ${JSON.stringify(text.slice(0, 64))}`)
  const [, sign = '', body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (body === '0') return new Duration(0n)
  if (body === '' || text.length > longestDuration) return wrong
  let total = 0n
  durationPart.lastIndex = 0
  for (let at = 0; at < body.length; at = durationPart.lastIndex) {
    durationPart.lastIndex = at
    const [found, whole = '', fraction = '', unit = ''] = durationPart.exec(body) ?? []
    if (found === undefined || (whole === '' && fraction === '')) return wrong
    const size = units.get(unit) ?? 0n
    total += BigInt(whole || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length)
  }
  const nanos = sign === '-' ? -total : total
  const made = durationOf(nanos)
  return isError(made) ? wrong : made
}

/** Seconds with as many decimals as are needed. */
export function formatDuration({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos
  const fraction = String(size % second)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${nanos < 0n ? '-' : ''}${size / second}${fraction === '' ? '' : `.${fraction}`}s`
}

const formatters = new Map<string, Intl.DateTimeFormat>()
const mostFormatters = 600

function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  if (formatters.size < mostFormatters) formatters.set(zone, made)
  return made
}

/** Seconds to add to universal time. */
function offsetOf(zone: string, at: Date): number | undefined {
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (fixed !== null) {
    const [, sign = '', hours = '', minutes = ''] = fixed
    if (Number(minutes) > 59) return undefined
    return (Number(hours) * 60 + Number(minutes)) * 60 * (sign === '-' ? -1 : 1)
  }
  if (zone === 'UTC' || zone === '') return 0
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(zone)) return undefined
  try {
    const shown =
      formatter(zone)
        .formatToParts(at)
        .find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] =
      /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(shown) ?? []
    return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * (sign === '-' ? -1 : 1)
  } catch {
    return undefined
  }
}

/** The date as that zone's clocks show it, in the fields of universal time. */
export function localDate(instant_: Timestamp, zone: string): Date | CelError {
  const date = new Date(Number(instant_.seconds) * 1000 + Math.floor(instant_.nanos / 1_000_000))
  const offset = offsetOf(zone, date)
  return offset === undefined ? new CelError(`unknown time zone ${zone}`) : new Date(date.getTime() + offset * 1000)
}

/** A field of the local date as an int. */
export function dateField(instant_: Timestamp, zone: string, field: (date: Date) => number): Result {
  const date = localDate(instant_, zone)
  return isError(date) ? date : BigInt(field(date))
}
