/** Addresses and ranges as API fields have them. Each answers what is wrong, in upstream's words. */
import { isIPv4, isIPv6 } from 'node:net'

const noAddress = ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
const noRange = ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']

const decimal = /^\d{1,9}(?:\.\d{1,9}){3}$/
/** What older parsers take for an address: leading zeros count as decimal. */
const isSloppy = (value: string): boolean => decimal.test(value) && value.split('.').every(part => Number(part) <= 255)

/** ::ffff:a.b.c.d in any spelling. */
function isMapped(value: string): boolean {
  const words = value.includes(':') ? expand(value) : undefined
  return words !== undefined && words[5] === 0xffff && words.slice(0, 5).every(word => word === 0)
}

/** The eight words of an IPv6 address. */
export function expand(value: string): readonly number[] | undefined {
  if (!isIPv6(value) || value.includes('%')) return undefined
  const dotted = value.slice(value.lastIndexOf(':') + 1)
  const plain = dotted.includes('.') ? value.slice(0, -dotted.length) + hexWords(dotted) : value
  const [left = '', right] = plain.split('::')
  const read = (part: string): number[] => (part === '' ? [] : part.split(':').map(word => Number.parseInt(word, 16)))
  const [head, tail] = [read(left), right === undefined ? [] : read(right)]
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
}

function hexWords(dotted: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

export const isAddress = (value: string): boolean => isIPv4(value) || (isIPv6(value) && !value.includes('%'))

export function addressProblems(value: string): readonly string[] {
  if (isIPv4(value)) return []
  if (isSloppy(value)) return ['must not have leading 0s']
  if (!isAddress(value)) return noAddress
  return isMapped(value) ? ['must not be an IPv4-mapped IPv6 address'] : []
}

/** All bits, most significant first. */
function bitsOf(address: string): string | undefined {
  if (isIPv4(address))
    return address
      .split('.')
      .map(part => Number(part).toString(2).padStart(8, '0'))
      .join('')
  return expand(address)
    ?.map(word => word.toString(2).padStart(16, '0'))
    .join('')
}

/** A range as its family and prefix; undefined for what is none. */
export function parseRange(value: string): { readonly prefix: string; readonly length: number } | undefined {
  const [address = '', size = '', more] = value.split('/')
  const bits = bitsOf(address)
  if (bits === undefined || more !== undefined || !/^\d{1,3}$/.test(size) || Number(size) > bits.length)
    return undefined
  return { prefix: bits.slice(0, Number(size)), length: bits.length }
}

export function rangeProblems(value: string): readonly string[] {
  const [address = '', size = ''] = value.split('/')
  const sloppy = !isIPv4(address) && isSloppy(address)
  if (sloppy || /^0\d/.test(size))
    return parseRange(`${sloppy ? '0.0.0.0' : address}/${Number(size)}`) === undefined
      ? noRange
      : ['must not have leading 0s in IP or prefix length']
  const range = parseRange(value)
  if (range === undefined) return noRange
  if (isMapped(address)) return ['must not have an IPv4-mapped IPv6 address']
  const rest = bitsOf(address)?.slice(range.prefix.length) ?? ''
  return rest.includes('1') ? ['must not have bits set beyond the prefix length'] : []
}

/** Whether the first range holds the second. Both must be ranges. */
export function holds(outer: string, inner: string): boolean {
  const [a, b] = [parseRange(outer), parseRange(inner)]
  return a !== undefined && b !== undefined && a.length === b.length && b.prefix.startsWith(a.prefix)
}

const unspecified = new Set(['0.0.0.0', '::'])

/** Addresses that no endpoint may have: they mean something else on every machine. */
export function endpointProblems(value: string): readonly string[] {
  const words = expand(value)
  const [a = -1, b] = isIPv4(value) ? value.split('.').map(Number) : []
  const zero = words?.every(word => word === 0) === true
  if (unspecified.has(value) || zero) return [`may not be unspecified (${value})`]
  if (a === 127 || (words?.slice(0, 7).every(word => word === 0) === true && words[7] === 1))
    return ['may not be in the loopback range (127.0.0.0/8, ::1/128)']
  if ((a === 169 && b === 254) || ((words?.[0] ?? 0) & 0xffc0) === 0xfe80)
    return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)']
  const multicast = a === 224 && b === 0 && value.split('.')[2] === '0'
  return multicast || ((words?.[0] ?? 0) & 0xff0f) === 0xff02
    ? ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)']
    : []
}
