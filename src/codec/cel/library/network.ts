/** `ip('10.0.0.1')` and `cidr('10.0.0.0/8')` */
import { add, costs, fixed, reads, scale, sizeOf, traversal, unit } from '../cost.ts'
import type { Range } from '../cost.ts'
import { extension, fn, method, text } from '../define.ts'
import type { Library, Overload } from '../define.ts'
import { boolType, intType, opaqueType, stringType } from '../types.ts'
import { CelError, Extension, isError } from '../values.ts'
import type { Result, Value } from '../values.ts'
import * as net from './ip.ts'
import type { Address, Prefix } from './ip.ts'

export const ipType = opaqueType('net.IP')
export const cidrType = opaqueType('net.CIDR')

export class Ip extends Extension {
  readonly type = ipType
  readonly address: Address

  constructor(address: Address) {
    super()
    this.address = address
  }

  override get size(): number {
    return net.widthOf(this.address) / 8
  }

  override get text(): string {
    return net.formatAddress(this.address)
  }

  equals(other: Extension): boolean {
    return other instanceof Ip && this.text === other.text
  }
}

export class Cidr extends Extension {
  readonly type = cidrType
  readonly prefix: Prefix

  constructor(prefix: Prefix) {
    super()
    this.prefix = prefix
  }

  override get size(): number {
    return Math.ceil(this.prefix.bits / 8)
  }

  override get text(): string {
    return net.formatPrefix(this.prefix)
  }

  equals(other: Extension): boolean {
    return other instanceof Cidr && this.text === other.text
  }
}

const shown = (value: string): string => JSON.stringify(value.slice(0, 128))

function readIp(value: string): Ip | CelError {
  const zone = value.includes('%') && net.parseAddress(value.slice(0, value.indexOf('%'))) !== undefined
  if (zone) return new CelError(`IP address ${shown(value)} with zone value is not allowed`)
  const address = net.parseAddress(value)
  if (address === undefined)
    return new CelError(
      `IP Address ${shown(value)} parse error during conversion from string: ParseAddr(${shown(value)}): unable to parse IP`,
    )
  if (net.isMapped(address)) return new CelError(`IPv4-mapped IPv6 address ${shown(value)} is not allowed`)
  return new Ip(address)
}

function readCidr(value: string): Cidr | CelError {
  const prefix = net.parsePrefix(value)
  if (prefix === undefined)
    return new CelError(`network address parse error during conversion from string: ${shown(value)}`)
  if (net.isMapped(prefix.address)) return new CelError(`IPv4-mapped IPv6 address ${shown(value)} is not allowed`)
  return new Cidr(prefix)
}

function isCanonical(value: string): Result {
  const address = readIp(value)
  return isError(address) ? address : address.text === value
}

const holdsIp = (cidr: Cidr, ip: Ip | CelError): Result => (isError(ip) ? ip : net.holds(cidr.prefix, ip.address))

const holdsCidr = (cidr: Cidr, other: Cidr | CelError): Result =>
  isError(other) ? other : other.prefix.bits >= cidr.prefix.bits && net.holds(cidr.prefix, other.prefix.address)

type Costs = Required<Pick<Overload, 'cost' | 'estimate'>>

const bytes: Range = { min: 4, max: 16 }
const twice = scale(add(bytes, bytes), costs.traversal)

/** The bytes of both are compared; a text is read first. */
const containing = (whole: { readonly ranges: boolean; readonly texts: boolean }): Costs => ({
  cost: ([cidr = null, other = null]: readonly Value[]) => {
    const size = sizeOf(cidr)
    const ranges = whole.ranges ? traversal(size) + 1 : 0
    return traversal(size, 2) + ranges + (whole.texts ? traversal(sizeOf(other)) : 0)
  },
  estimate: sizes => {
    const ranges = whole.ranges ? add(scale(bytes, costs.traversal), fixed(1)) : fixed(0)
    const texts = whole.texts ? scale(sizes.of(1), costs.traversal) : fixed(0)
    return { cost: add(add(twice, ranges), texts) }
  },
})

const ip = extension(ipType, Ip)
const cidr = extension(cidrType, Cidr)

const tests: Readonly<Record<string, (address: Address) => boolean>> = {
  isUnspecified: net.isUnspecified,
  isLoopback: net.isLoopback,
  isLinkLocalMulticast: net.isLinkLocalMulticast,
  isLinkLocalUnicast: net.isLinkLocalUnicast,
  isGlobalUnicast: net.isGlobalUnicast,
}

export const networks: Library = {
  types: [
    ['net.IP', ipType],
    ['net.CIDR', cidrType],
  ],
  overloads: [
    fn('ip', [text], { gives: ipType, run: readIp, ...reads(0) }),
    fn('isIP', [text], { gives: boolType, run: value => !isError(readIp(value)), ...reads(0) }),
    fn('ip.isCanonical', [text], { gives: boolType, run: isCanonical, ...reads(0, { times: 2 }) }),
    fn('string', [ip], { gives: stringType, run: value => value.text }),
    method('family', [ip], { gives: intType, run: ({ address }) => BigInt(address.family), ...unit }),
    ...Object.entries(tests).map(([name, test]) =>
      method(name, [ip], { gives: boolType, run: ({ address }) => test(address), ...unit }),
    ),
    fn('cidr', [text], { gives: cidrType, run: readCidr, ...reads(0) }),
    fn('isCIDR', [text], { gives: boolType, run: value => !isError(readCidr(value)), ...reads(0) }),
    fn('string', [cidr], { gives: stringType, run: value => value.text }),
    method('ip', [cidr], { gives: ipType, run: ({ prefix }) => new Ip(prefix.address), ...unit }),
    method('prefixLength', [cidr], { gives: intType, run: ({ prefix }) => BigInt(prefix.bits), ...unit }),
    method('masked', [cidr], { gives: cidrType, run: ({ prefix }) => new Cidr(net.masked(prefix)), ...unit }),
    method('containsIP', [cidr, ip], { gives: boolType, run: holdsIp, ...containing({ ranges: false, texts: false }) }),
    method('containsIP', [cidr, text], {
      gives: boolType,
      run: (range, value) => holdsIp(range, readIp(value)),
      ...containing({ ranges: false, texts: true }),
    }),
    method('containsCIDR', [cidr, cidr], {
      gives: boolType,
      run: holdsCidr,
      ...containing({ ranges: true, texts: false }),
    }),
    method('containsCIDR', [cidr, text], {
      gives: boolType,
      run: (range, value) => holdsCidr(range, readCidr(value)),
      ...containing({ ranges: true, texts: true }),
    }),
  ],
}
