/** String formats that a custom resource's schema may ask for. Others are ignored, as upstream ignores them. */
import { matchesPattern } from './pattern.ts'

const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`)

function isIPv6(text: string): boolean {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return false
  const [left = '', right, ...more] = text.split('::')
  if (more.length > 0) return false
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const all = [...groups(left), ...groups(right ?? '')]
  const last = all.at(-1)
  const tail = last?.includes('.') === true
  if (tail && !ipv4.test(last)) return false
  const plain = tail ? all.slice(0, -1) : all
  const count = plain.length + (tail ? 2 : 0)
  return plain.every(group => /^[0-9a-fA-F]{1,4}$/.test(group)) && (right === undefined ? count === 8 : count < 8)
}

function isCIDR(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  if (more.length > 0 || !/^\d{1,3}$/.test(bits)) return false
  return ipv4.test(address) ? Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

const clock = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:[zZ]|[+-]\d\d:\d\d)$/

const isDateTime = (text: string): boolean =>
  text.length < 100 && /^[tT]$/.test(text[10] ?? '') && isDate(text.slice(0, 10)) && clock.test(text.slice(11))

const goDuration = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const wordDuration =
  /^\d+\s*(?:ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)$/i

const isUri = (text: string): boolean =>
  text.length < 10_000 && /^(?:\/|[a-zA-Z][a-zA-Z0-9+.-]*:)\S*$/.test(text) && !/%(?![0-9a-fA-F]{2})/.test(text)

const isHost = (text: string): boolean =>
  text.length <= 253 && text.split('.').every(part => /^(?!-)[a-zA-Z0-9-]{1,63}(?<!-)$/.test(part))

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  return (
    at > 0 &&
    at <= 64 &&
    /^[^\s@<>()[\],;:\\"]+$/.test(local) &&
    !/^\.|\.\.|\.$/.test(local) &&
    isHost(text.slice(at + 1))
  )
}

function luhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at])
    const doubled = at % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

const creditCard =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/

function isISBN10(text: string): boolean {
  const digits = text.replaceAll(/[\s-]+/g, '')
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  return (
    Array.from(digits).reduce((sum, digit, at) => sum + (at + 1) * (digit === 'X' ? 10 : Number(digit)), 0) % 11 === 0
  )
}

function isISBN13(text: string): boolean {
  const digits = text.replaceAll(/[\s-]+/g, '')
  return (
    /^\d{13}$/.test(digits) &&
    Array.from(digits).reduce((sum, digit, at) => sum + (at % 2 === 0 ? 1 : 3) * Number(digit), 0) % 10 === 0
  )
}

const uuid =
  (third: string, fourth: string) =>
  (text: string): boolean =>
    matchesPattern(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}-?${fourth}-?[0-9a-f]{12}$`, text)
const colorPart = '\\s*(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*'
const rgb = new RegExp(`^rgb\\(${colorPart},${colorPart},${colorPart}\\)$`)
const any = '[0-9a-f]{4}'
const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

/** By name without dashes. */
const formats: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', (text: string) => /^[0-9a-fA-F]{24}$/.test(text)],
  ['uri', isUri],
  ['email', isEmail],
  ['hostname', isHost],
  ['ipv4', text => ipv4.test(text)],
  ['ipv6', isIPv6],
  ['cidr', isCIDR],
  [
    'mac',
    text =>
      /^[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2}){4}(?:(?:\1[0-9a-fA-F]{2}){2}(?:(?:\1[0-9a-fA-F]{2}){12})?)?$/.test(
        text,
      ) || /^[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}){2}$/.test(text),
  ],
  ['uuid', uuid(any, any)],
  ['uuid3', uuid('3[0-9a-f]{3}', any)],
  ['uuid4', uuid('4[0-9a-f]{3}', '[89ab][0-9a-f]{3}')],
  ['uuid5', uuid('5[0-9a-f]{3}', '[89ab][0-9a-f]{3}')],
  ['isbn', text => isISBN10(text) || isISBN13(text)],
  ['isbn10', isISBN10],
  ['isbn13', isISBN13],
  ['creditcard', text => creditCard.test(text.replaceAll(/\D/g, '')) && luhn(text.replaceAll(/\D/g, ''))],
  ['ssn', text => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text)],
  ['hexcolor', text => /^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text)],
  ['rgbcolor', text => rgb.test(text)],
  ['byte', text => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)],
  ['password', () => true],
  ['date', isDate],
  ['duration', text => text.length < 200 && (goDuration.test(text) || wordDuration.test(text.trim()))],
  ['datetime', isDateTime],
  ['k8sshortname', text => text.length <= 63 && label.test(text)],
  ['k8slongname', text => text.length <= 253 && text.split('.').every(part => label.test(part))],
])

/** The check of a string format; undefined for one that is not known. */
export const stringFormat = (format: string): ((text: string) => boolean) | undefined =>
  formats.get(format.replaceAll('-', ''))

const numberFormats: ReadonlyMap<string, readonly string[]> = new Map([
  ['integer', ['int32', 'int64']],
  ['number', ['float', 'double']],
])

/** Whether a format means anything for values of that type. */
export const isKnownFormat = (type: string, format: string): boolean =>
  type === '' || type === 'string'
    ? stringFormat(format) !== undefined
    : (numberFormats.get(type)?.includes(format) ?? false)
