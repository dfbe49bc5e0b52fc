/** JSON of outsiders that is read as a whole: what would take long to build or to walk is refused before it is parsed. */

import { readExactly } from './exactJson.ts'
import { hasEscapedKey } from './json.ts'

export interface Bounds {
  /** Of objects and arrays in each other. */
  readonly depth: number
  /** Of values, nearly: each is followed by a comma or ends what it is in. */
  readonly values: number
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c

/** How far behind a string's opening quote it ends. */
function afterString(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at + 1
}

function check(bytes: Uint8Array, { depth: deepest, values: most }: Bounds): void {
  let depth = 0
  let values = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === quote) at = afterString(bytes, at + 1) - 1
    // Opening brackets and braces differ in one bit, and so do closing ones.
    else if ((byte | 0x20) === 0x7b) {
      depth++
      values++
    } else if ((byte | 0x20) === 0x7d) depth--
    else if (byte === comma) values++
    if (depth > deepest) throw new RangeError('the document is nested too deeply')
    if (values > most) throw new RangeError('the document holds too much')
  }
}

/** Long integers are floating point, as JSON.parse has them: nobody who reads documents of others expects anything else. */
function rounded(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  for (const [key, field] of Object.entries(value)) {
    // By definition, so that a key like `__proto__` stays one like any other.
    if (typeof field === 'bigint') Object.defineProperty(value, key, { value: Number(field) })
    else rounded(field)
  }
  return value
}

/** @throws RangeError beyond the bounds, SyntaxError for what is no JSON */
export function parseBounded(bytes: Buffer, bounds: Bounds): unknown {
  check(bytes, bounds)
  const text = bytes.toString('utf8')
  const value: unknown = JSON.parse(text)
  return hasEscapedKey(text) ? rounded(readExactly(text, bounds.depth).value) : value
}
