/** Addresses and ranges as Go's netip reads them: no leading zeros, no zones, no IPv4 inside IPv6. */

export interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}

export interface Prefix {
  readonly address: Address
  readonly bits: number
}

export const widthOf = ({ family }: Address): number => (family === 4 ? 32 : 128)

const decimal = /^(?:0|[1-9]\d{0,2})$/

function parse4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => decimal.test(part) && Number(part) <= 255)) return undefined
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
}

/** The words of one side of `::`; the last may be dotted. */
function words(text: string): readonly bigint[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const last = parts.at(-1) ?? ''
  const dotted = last.includes('.') ? parse4(last) : undefined
  if (last.includes('.') && dotted === undefined) return undefined
  const plain = dotted === undefined ? parts : parts.slice(0, -1)
  if (!plain.every(part => /^[0-9a-fA-F]{1,4}$/.test(part))) return undefined
  const read = plain.map(part => BigInt(`0x${part}`))
  return dotted === undefined ? read : [...read, dotted >> 16n, dotted & 0xffffn]
}

function parse6(text: string): bigint | undefined {
  const [head = '', tail, more] = text.split('::')
  const left = words(head)
  const right = tail === undefined ? [] : words(tail)
  if (left === undefined || right === undefined || more !== undefined) return undefined
  const missing = 8 - left.length - right.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  // Dots may only end the whole address.
  if (tail !== undefined && head.includes('.')) return undefined
  const all = [...left, ...Array.from({ length: missing }, () => 0n), ...right]
  return all.reduce((sum, word) => (sum << 16n) | word, 0n)
}

export function parseAddress(text: string): Address | undefined {
  if (text.length > 64) return undefined
  const four = parse4(text)
  if (four !== undefined) return { family: 4, value: four }
  const six = text.includes(':') ? parse6(text) : undefined
  return six === undefined ? undefined : { family: 6, value: six }
}

/** `::ffff:1.2.3.4` */
export const isMapped = ({ family, value }: Address): boolean => family === 6 && value >> 32n === 0xffffn

export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.lastIndexOf('/')
  const size = text.slice(slash + 1)
  const address = slash < 0 || !/^(?:0|[1-9]\d{0,2})$/.test(size) ? undefined : parseAddress(text.slice(0, slash))
  if (address === undefined || Number(size) > widthOf(address)) return undefined
  return { address, bits: Number(size) }
}

const network = (address: Address, bits: number): bigint => {
  const rest = BigInt(widthOf(address) - bits)
  return (address.value >> rest) << rest
}

export const masked = ({ address, bits }: Prefix): Prefix => ({
  address: { family: address.family, value: network(address, bits) },
  bits,
})

export const holds = ({ address, bits }: Prefix, other: Address): boolean =>
  address.family === other.family && network(address, bits) === network(other, bits)

function format6(value: bigint): string {
  const all = Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(112 - at * 16)) & 0xffffn))
  let [start, length] = [-1, 1]
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && all[end] === 0) end++
    if (end - at > length) [start, length] = [at, end - at]
    at = Math.max(at, end - 1)
  }
  const hex = (part: readonly number[]): string => part.map(word => word.toString(16)).join(':')
  return start < 0 ? hex(all) : `${hex(all.slice(0, start))}::${hex(all.slice(start + length))}`
}

/** The canonical spelling. */
export function formatAddress(address: Address): string {
  const { family, value } = address
  if (family === 4) return [24n, 16n, 8n, 0n].map(shift => String((value >> shift) & 255n)).join('.')
  return isMapped(address) ? `::ffff:${formatAddress({ family: 4, value: value & 0xffffffffn })}` : format6(value)
}

export const formatPrefix = ({ address, bits }: Prefix): string => `${formatAddress(address)}/${bits}`

/** Whether an address lies in a range given by its text. */
const within = (range: string): ((address: Address) => boolean) => {
  const prefix = parsePrefix(range)
  return address => prefix !== undefined && holds(prefix, address)
}

const any = (...ranges: readonly string[]): ((address: Address) => boolean) => {
  const tests = ranges.map(within)
  return address => tests.some(test => test(address))
}

export const isUnspecified = any('0.0.0.0/32', '::/128')
export const isLoopback = any('127.0.0.0/8', '::1/128')
export const isLinkLocalMulticast = any('224.0.0.0/24', 'ff02::/16')
export const isLinkLocalUnicast = any('169.254.0.0/16', 'fe80::/10')
const isMulticast = any('224.0.0.0/4', 'ff00::/8')
const isBroadcast = any('255.255.255.255/32')

export const isGlobalUnicast = (address: Address): boolean =>
  ![isUnspecified, isLoopback, isMulticast, isLinkLocalUnicast, isBroadcast].some(test => test(address))
