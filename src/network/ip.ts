/** IPv4 addresses and ranges, strictly as dotted quads: `010.0.0.1` and `127.1` are refused. */
import { isIPv4 } from 'node:net'

export interface Range {
  readonly base: number
  readonly bits: number
}

/** @returns undefined for anything but a dotted quad */
export function addressNumber(text: string): number | undefined {
  if (!isIPv4(text)) return undefined
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

export const addressText = (value: number): string =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')

const maskOf = (bits: number): number => (bits === 0 ? 0 : (0xff_ff_ff_ff << (32 - bits)) >>> 0)

/** Reads `10.0.0.0/8`, or an address as a range of one. */
export function parseRange(text: string): Range | undefined {
  const [address = '', length = '32', ...rest] = text.split('/')
  const value = addressNumber(address)
  if (value === undefined || rest.length > 0 || !/^(?:[12]?\d|3[0-2])$/.test(length)) return undefined
  const bits = Number(length)
  return { base: (value & maskOf(bits)) >>> 0, bits }
}

export const rangeText = ({ base, bits }: Range): string => `${addressText(base)}/${bits}`

export const inRange = (value: number, { base, bits }: Range): boolean => (value & maskOf(bits)) >>> 0 === base

/** Whether the address lies in any of the ranges; anything malformed lies in none. */
export function within(address: string, ranges: readonly string[]): boolean {
  const value = addressNumber(address)
  if (value === undefined) return false
  return ranges.some(text => {
    const range = parseRange(text)
    return range !== undefined && inRange(value, range)
  })
}

/** Likewise for what has no length: `10.0.0.1-10.0.0.7`. */
export function between(address: string, text: string): boolean {
  const [first, last] = text.split('-').map(addressNumber)
  const value = addressNumber(address)
  return value !== undefined && first !== undefined && last !== undefined && first <= value && value <= last
}

/** The tenth address of a service range, where clients look for DNS by convention. */
export function dnsAddress(serviceCIDR: string): string {
  const range = parseRange(serviceCIDR)
  if (range === undefined || range.bits > 28) throw new Error(`${serviceCIDR} is no range with room for services`)
  return addressText(range.base + 10)
}
