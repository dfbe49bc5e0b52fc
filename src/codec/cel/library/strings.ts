/** The extended string functions; positions count code points. */
import { add, costs, fixed, most, multiply, reads, scale, sizeOf, traversal, union } from '../cost.ts'
import type { Estimate, Range, Sizes } from '../cost.ts'
import { fn, int, list, method, text } from '../define.ts'
import type { Library, Overload } from '../define.ts'
import { dynType, intType, listType, stringType } from '../types.ts'
import { characters, codePoints } from '../text.ts'
import { CelError, CelList } from '../values.ts'
import type { Result } from '../values.ts'
import { spend } from '../work.ts'
import { formatKubernetes } from './format-kubernetes.ts'
import { formatPlain } from './format-plain.ts'

type Places = string | readonly string[]

/** Something indexed by code points; the text itself where it has no surrogates. */
const points = (value: string): Places => (/[\ud800-\udfff]/.test(value) ? codePoints(value) : value)

const cut = (places: Places, from: number, to?: number): string => {
  const part = places.slice(from, to)
  return typeof part === 'string' ? part : part.join('')
}

const outOfRange = (at: bigint): CelError => new CelError(`index out of range: ${at}`)

function charAt(value: string, at: bigint): Result {
  const places = points(value)
  if (at < 0n || at > BigInt(places.length)) return outOfRange(at)
  return cut(places, Number(at), Number(at) + 1)
}

function indexOf(value: string, part: string, from: bigint): Result {
  const places = points(value)
  if (from < 0n || from > BigInt(places.length)) return outOfRange(from)
  if (part === '') return from
  const start = cut(places, 0, Number(from)).length
  const found = value.indexOf(part, start)
  return found < 0 ? -1n : from + BigInt(characters(value.slice(start, found)))
}

function lastIndexOf(value: string, part: string, from: bigint | undefined): Result {
  const places = points(value)
  const last = from ?? BigInt(places.length)
  if (last < 0n || (from !== undefined && from > BigInt(places.length))) return outOfRange(last)
  if (part === '') return last
  const found = value.lastIndexOf(part, cut(places, 0, Number(last)).length)
  return found < 0 ? -1n : BigInt(characters(value.slice(0, found)))
}

/** Built only when the result is of a size that is allowed. */
const sized = (length: number, make: () => string): string => {
  spend(Math.ceil(length / 8))
  return make()
}

/** An empty `old` stands between any two characters and at both ends, as in Go. */
function replace(value: string, [old, by]: readonly [string, string], count: bigint): string {
  const limit = count < 0n ? Infinity : Number(count)
  const parts = old === '' ? splitAll(value, '') : value.split(old)
  if (old === '') {
    if (limit === 0) return value
    const heads = parts.map((part, at) => (at < limit ? by + part : part)).join('')
    return sized(value.length + by.length * Math.min(parts.length + 1, limit), () =>
      parts.length < limit ? heads + by : heads,
    )
  }
  const joints = Math.min(parts.length - 1, limit)
  return sized(value.length + joints * by.length, () => {
    const head = parts.slice(0, joints + 1).join(by)
    return joints + 1 < parts.length ? [head, ...parts.slice(joints + 1)].join(old) : head
  })
}

const splitAll = (value: string, separator: string): string[] =>
  separator === '' ? codePoints(value) : value.split(separator)

function split(value: string, separator: string, count: bigint): CelList {
  spend(value.length)
  const parts = splitAll(value, separator)
  if (count < 0n || BigInt(parts.length) <= count) return CelList.of(parts)
  if (count === 0n) return CelList.of([])
  const kept = Number(count) - 1
  return CelList.of([...parts.slice(0, kept), parts.slice(kept).join(separator)])
}

function substring(value: string, from: bigint, to: bigint | undefined): Result {
  const places = points(value)
  const length = BigInt(places.length)
  const end = to ?? length
  if (to !== undefined && from > end) return new CelError(`invalid substring range. start: ${from}, end: ${end}`)
  if (from < 0n || from > length) return outOfRange(from)
  if (end < 0n || end > length) return outOfRange(end)
  return cut(places, Number(from), Number(end))
}

function join(values: CelList, separator: string): Result {
  const texts: string[] = []
  let length = separator.length * values.length
  for (const value of values.items()) {
    if (typeof value !== 'string') return new CelError('join: invalid input')
    length += value.length
    texts.push(value)
  }
  return sized(length, () => texts.join(separator))
}

const escapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

const quote = (value: string): string =>
  `"${Array.from(value.toWellFormed(), character => escapes[character] ?? character).join('')}"`

/** White space as Go sees it. */
const space = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

function trim(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && space.test(value.charAt(start))) start++
  while (end > start && space.test(value.charAt(end - 1))) end--
  return value.slice(start, end)
}

const mapCase = (value: string, pattern: RegExp, change: (text: string) => string): string =>
  value.replaceAll(pattern, change)

const sameSize = reads(0, { sized: true })

/** The most that replacing can make of a text: short ones replaced by long ones, or none at all. */
function replaced(size: Range, old: Range, by: Range): Range {
  const count = (length: number, step: number): number =>
    step === 0 ? Math.min(length + 1, most) : Math.ceil(length / step)
  const grows = old.min === 0 || by.max > old.min
  const shrinks = old.max === 0 || old.max > by.min
  return {
    min: Math.min((shrinks ? count(size.min, old.max) : 0) * by.min + (shrinks && old.max > 0 ? 0 : size.min), most),
    max: Math.min((grows ? count(size.max, old.min) : 0) * by.max + (grows && old.min > 0 ? 0 : size.max), most),
  }
}

const replaceCost: Pick<Overload, 'cost' | 'estimate'> = {
  cost: ([value = null]) => traversal(sizeOf(value), 2),
  estimate: sizes => ({
    cost: scale(sizes.of(0), 2 * costs.traversal),
    size: replaced(sizes.of(0), sizes.of(1), sizes.of(2)),
  }),
}

const splitCost: Pick<Overload, 'cost' | 'estimate'> = {
  cost: ([value = null]) => traversal(sizeOf(value), 2),
  estimate: sizes => ({
    cost: scale(sizes.of(0), 2 * costs.traversal),
    size: { min: 0, max: sizes.integer(2) ?? sizes.of(0).max },
  }),
}

function estimateJoin(sizes: Sizes, separator: Range): Estimate {
  const count = sizes.of(0)
  const items = multiply(count, sizes.items(0) ?? { min: 0, max: most })
  const gaps = { min: Math.max(count.min - 1, 0), max: Math.max(count.max - 1, 0) }
  const size = add(items, multiply(separator, gaps))
  return { cost: scale(size, costs.traversal), size }
}

const joinCost = (_: unknown, result: Result): number => traversal(sizeOf(result), 2)

const searching = reads(0)

export const strings: Library = {
  overloads: [
    method('charAt', [text, int], { gives: stringType, run: charAt }),
    method('indexOf', [text, text], { gives: intType, run: (value, part) => indexOf(value, part, 0n), ...searching }),
    method('indexOf', [text, text, int], { gives: intType, run: indexOf, ...searching }),
    method('lastIndexOf', [text, text], {
      gives: intType,
      run: (value, part) => lastIndexOf(value, part, undefined),
      ...searching,
    }),
    method('lastIndexOf', [text, text, int], { gives: intType, run: lastIndexOf, ...searching }),
    method('lowerAscii', [text], {
      gives: stringType,
      run: value => mapCase(value, /[A-Z]+/g, part => part.toLowerCase()),
      ...sameSize,
    }),
    method('upperAscii', [text], {
      gives: stringType,
      run: value => mapCase(value, /[a-z]+/g, part => part.toUpperCase()),
      ...sameSize,
    }),
    method('replace', [text, text, text], {
      gives: stringType,
      run: (value, old, by) => replace(value, [old, by], -1n),
      ...replaceCost,
    }),
    method('replace', [text, text, text, int], {
      gives: stringType,
      run: (value, old, ...[by, count]) => replace(value, [old, by], count),
      ...replaceCost,
    }),
    method('split', [text, text], {
      gives: listType(stringType),
      run: (value, separator) => split(value, separator, -1n),
      ...splitCost,
    }),
    method('split', [text, text, int], { gives: listType(stringType), run: split, ...splitCost }),
    method('substring', [text, int], {
      gives: stringType,
      run: (value, from) => substring(value, from, undefined),
      ...sameSize,
    }),
    method('substring', [text, int, int], { gives: stringType, run: substring, ...sameSize }),
    method('trim', [text], { gives: stringType, run: trim, ...sameSize }),
    method('join', [list(stringType)], {
      gives: stringType,
      run: values => join(values, ''),
      cost: joinCost,
      estimate: sizes => estimateJoin(sizes, fixed(0)),
    }),
    method('join', [list(stringType), text], {
      gives: stringType,
      run: join,
      cost: joinCost,
      estimate: sizes => estimateJoin(sizes, sizes.of(1)),
    }),
    fn('strings.quote', [text], {
      gives: stringType,
      run: quote,
      cost: ([value = null]) => traversal(sizeOf(value)),
      estimate: sizes => {
        const size = sizes.of(0)
        return {
          cost: scale(size, costs.traversal),
          size: union(add(size, fixed(2)), add(multiply(size, fixed(2)), fixed(2))),
        }
      },
    }),
  ],
}

const formatting = (run: (template: string, values: CelList) => Result): Library => ({
  overloads: [
    method('format', [text, list(dynType)], {
      gives: stringType,
      run,
      cost: ([value = null]) => traversal(sizeOf(value)),
      estimate: sizes => ({ cost: scale(sizes.of(0), costs.traversal) }),
    }),
  ],
})

export const kubernetesFormat = formatting(formatKubernetes)
/** Not what Kubernetes offers, but newer. */
export const plainFormat = formatting(formatPlain)

/** Not among what Kubernetes offers. */
export const stringReverse: Library = {
  overloads: [
    method('reverse', [text], {
      gives: stringType,
      run: value => codePoints(value).toReversed().join(''),
      ...sameSize,
    }),
  ],
}
