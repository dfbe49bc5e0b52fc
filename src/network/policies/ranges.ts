/** Arithmetic of ranges: what is left of a block when others are cut out of it. */
import { type Range, addressText, parseRange } from '../ip.ts'

interface Span {
  readonly first: number
  readonly last: number
}

const spanOf = ({ base, bits }: Range): Span => ({ first: base, last: base + 2 ** (32 - bits) - 1 })

function cut(spans: readonly Span[], hole: Span): readonly Span[] {
  return spans.flatMap(({ first, last }) => {
    if (hole.last < first || hole.first > last) return [{ first, last }]
    const before = hole.first > first ? [{ first, last: hole.first - 1 }] : []
    const behind = hole.last < last ? [{ first: hole.last + 1, last }] : []
    return [...before, ...behind]
  })
}

/** The fewest ranges that cover exactly the span. */
function rangesOf({ first, last }: Span): readonly string[] {
  const ranges: string[] = []
  for (let at = first; at <= last;) {
    let size = 1
    while (at % (size * 2) === 0 && at + size * 2 - 1 <= last) size *= 2
    ranges.push(`${addressText(at)}/${32 - Math.log2(size)}`)
    at += size
  }
  return ranges
}

/** A block without its exceptions, as ranges; none where it is of another family, and an exception that cannot be read takes all. */
export function blockRanges(block: { readonly cidr: string; readonly except?: readonly string[] }): readonly string[] {
  const whole = parseRange(block.cidr)
  if (whole === undefined) return []
  let spans: readonly Span[] = [spanOf(whole)]
  for (const text of block.except ?? []) {
    const hole = parseRange(text)
    if (hole === undefined) return []
    spans = cut(spans, spanOf(hole))
  }
  return spans.flatMap(rangesOf)
}
