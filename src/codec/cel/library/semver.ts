/** `semver('1.2.3-rc.1')`, after semver.org 2.0. */
import { reads, unit } from '../cost.ts'
import { bool, extension, fn, method, text } from '../define.ts'
import type { Library } from '../define.ts'
import { boolType, intType, objectType } from '../types.ts'
import { CelError, Extension, isError } from '../values.ts'

export const semverType = objectType('kubernetes.Semver', new Map())

type Numbers = readonly [major: bigint, minor: bigint, patch: bigint]

export class Semver extends Extension {
  readonly type = semverType
  readonly numbers: Numbers
  readonly before: readonly string[]
  readonly #text: string

  constructor(numbers: Numbers, before: readonly string[], text: string) {
    super()
    this.numbers = numbers
    this.before = before
    this.#text = text
  }

  override get text(): string {
    return this.#text
  }

  /** Build metadata does not count. */
  equals(other: Extension): boolean {
    return other instanceof Semver && order(this, other) === 0
  }
}

const longest = 256
const number = '(0|[1-9]\\d*)'
const pattern = new RegExp(`^${number}\\.${number}\\.${number}(?:-([0-9A-Za-z.-]+))?(?:\\+([0-9A-Za-z.-]+))?$`)
const most = (1n << 64n) - 1n

function parse(value: string): Semver | CelError {
  const found = value.length > longest ? null : pattern.exec(value)
  if (found === null) return new CelError('No Major.Minor.Patch elements found')
  const [, major = '', minor = '', patch = '', before, build] = found
  const ids = before?.split('.') ?? []
  if (ids.some(id => id === '' || /^0\d+$/.test(id))) return new CelError('Prerelease is empty or has leading zeroes')
  if (build?.split('.').includes('') === true) return new CelError('Build meta data is empty')
  const numbers: Numbers = [BigInt(major), BigInt(minor), BigInt(patch)]
  if (numbers.some(part => part > most)) return new CelError('value out of range')
  return new Semver(numbers, ids, value)
}

/** A `v` in front, missing parts and leading zeros are forgiven. */
function normalized(value: string): Semver | CelError {
  const [major = '', minor, ...rest] = value.replace(/^v/, '').split('.')
  const parts = [major, ...(minor === undefined ? [] : [minor]), ...(rest.length > 0 ? [rest.join('.')] : [])]
  const bare = parts.map(part => (part.length > 1 ? part.replace(/^0+(?=\d)/, '').replace(/^0+(?=\D)/, '0') : part))
  if (bare.length < 3 && /[+-]/.test(bare.at(-1) ?? ''))
    return new CelError('short version cannot contain PreRelease/Build meta data')
  return parse([...bare, '0', '0'].slice(0, 3).join('.'))
}

const byNumber = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

function orderIds(a: string, b: string): number {
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (x && y) return byNumber(BigInt(a), BigInt(b))
  if (x !== y) return x ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

function order(a: Semver, b: Semver): number {
  for (const at of [0, 1, 2] as const) {
    const found = byNumber(a.numbers[at], b.numbers[at])
    if (found !== 0) return found
  }
  if (a.before.length === 0 || b.before.length === 0) return Math.sign(b.before.length - a.before.length)
  for (const [at, id] of a.before.entries()) {
    const other = b.before[at]
    const found = other === undefined ? 1 : orderIds(id, other)
    if (found !== 0) return found
  }
  return a.before.length < b.before.length ? -1 : 0
}

const read = (value: string, forgiving: boolean): Semver | CelError => (forgiving ? normalized(value) : parse(value))
const version = extension(semverType, Semver)

export const semvers: Library = {
  types: [['kubernetes.Semver', semverType]],
  overloads: [
    fn('semver', [text], { gives: semverType, run: parse, ...reads(0) }),
    fn('semver', [text, bool], { gives: semverType, run: read, ...reads(0) }),
    fn('isSemver', [text], { gives: boolType, run: value => !isError(parse(value)), ...reads(0) }),
    fn('isSemver', [text, bool], {
      gives: boolType,
      run: (value, forgiving) => !isError(read(value, forgiving)),
      ...reads(0),
    }),
    method('isGreaterThan', [version, version], { gives: boolType, run: (a, b) => order(a, b) > 0, ...unit }),
    method('isLessThan', [version, version], { gives: boolType, run: (a, b) => order(a, b) < 0, ...unit }),
    method('compareTo', [version, version], { gives: intType, run: (a, b) => BigInt(order(a, b)), ...unit }),
    method('major', [version], { gives: intType, run: ({ numbers: [major] }) => BigInt.asIntN(64, major), ...unit }),
    method('minor', [version], { gives: intType, run: ({ numbers: [, minor] }) => BigInt.asIntN(64, minor), ...unit }),
    method('patch', [version], {
      gives: intType,
      run: ({ numbers: [, , patch] }) => BigInt.asIntN(64, patch),
      ...unit,
    }),
  ],
}
