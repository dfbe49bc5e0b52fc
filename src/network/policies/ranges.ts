/** Arithmetic of ranges: what is left of a block when others are cut out of it, and of several together. */
import { type Range, addressNumber, addressText, inRange, parseRange } from '../ip.ts'

/** Numbers from the first to the last, both included. */
export interface Span {
  readonly first: number
  readonly last: number
}

interface Block {
  readonly cidr: string
  readonly except?: readonly string[]
}

const spanOf = ({ base, bits }: Range): Span => ({ first: base, last: base + 2 ** (32 - bits) - 1 })

/** In order, none touching another: nftables wants them so. */
export function union(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = []
  for (const { first, last } of spans.toSorted((a, b) => a.first - b.first)) {
    const before = merged.at(-1)
    if (before === undefined || first > before.last + 1) merged.push({ first, last })
    else merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, last) }
  }
  return merged
}

/** @param holes as `union` gives them */
function cut(whole: Span, holes: readonly Span[]): readonly Span[] {
  const left: Span[] = []
  let at = whole.first
  for (const { first, last } of holes) {
    if (first > whole.last) break
    if (first > at) left.push({ first: at, last: first - 1 })
    at = Math.max(at, last + 1)
  }
  if (at <= whole.last) left.push({ first: at, last: whole.last })
  return left
}

/** A block without its exceptions; none where it is of another family, and an exception that cannot be read takes all. */
function blockSpans({ cidr, except = [] }: Block): readonly Span[] {
  const whole = parseRange(cidr)
  const holes = except.flatMap(text => parseRange(text) ?? [])
  if (whole === undefined || holes.length < except.length) return []
  return cut(spanOf(whole), union(holes.map(spanOf)))
}

/** As nftables writes it: a range by its length where it has one. */
function spanText({ first, last }: Span): string {
  const bits = 32 - Math.log2(last - first + 1)
  return Number.isInteger(bits) && first % (last - first + 1) === 0
    ? `${addressText(first)}/${bits}`
    : `${addressText(first)}-${addressText(last)}`
}

/** What is in any of the blocks. */
export const blockRanges = (blocks: readonly Block[]): readonly string[] =>
  union(blocks.flatMap(blockSpans)).map(spanText)

/** What cannot be read takes all, as above. */
export function inBlock(address: string, { cidr, except = [] }: Block): boolean {
  const [value, whole] = [addressNumber(address), parseRange(cidr)]
  if (value === undefined || whole === undefined || !inRange(value, whole)) return false
  return except.every(text => {
    const hole = parseRange(text)
    return hole !== undefined && !inRange(value, hole)
  })
}
