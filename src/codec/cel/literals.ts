/** The text of string and bytes literals. */
import { IssueError } from './issues.ts'

const simple: ReadonlyMap<string, number> = new Map(
  Object.entries({ a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '\\': 92, '?': 63, '"': 34, "'": 39, '`': 96 }),
)
const hexDigits: Readonly<Record<string, number>> = { x: 2, X: 2, u: 4, U: 8 }

/** A piece of a literal: a character, or with `byte` a byte by its number. */
interface Piece {
  readonly code: number
  readonly byte: boolean
  readonly length: number
}

/** Reads the escape that starts at the backslash at `index`. Unicode escapes have no meaning in bytes. */
function readEscape(text: string, index: number, bytes: boolean): Piece | undefined {
  const letter = text[index + 1] ?? ''
  const known = simple.get(letter)
  if (known !== undefined) return { code: known, byte: false, length: 2 }
  const digits = Object.hasOwn(hexDigits, letter) ? (hexDigits[letter] ?? 0) : 0
  if (digits > 0) {
    const hex = text.slice(index + 2, index + 2 + digits)
    if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex) || (bytes && digits > 2)) return undefined
    return { code: Number.parseInt(hex, 16), byte: bytes, length: digits + 2 }
  }
  const octal = /^[0-3][0-7]{2}/.exec(text.slice(index + 1, index + 4))
  return octal === null ? undefined : { code: Number.parseInt(octal[0], 8), byte: bytes, length: 4 }
}

const isScalar = (code: number): boolean => code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)

/** Upstream's grammar has no such token, so that it is one that nobody recognizes. */
const invalidEscape = (at: number): IssueError =>
  new IssueError(at, 'Syntax error: token recognition error: invalid escape')

/** The text of a string literal between its quotes. */
export function unescapeString(text: string, at: number): string {
  if (!text.includes('\\')) return text
  let out = ''
  for (let index = 0; index < text.length;) {
    const next = text.indexOf('\\', index)
    if (next !== index) {
      out += text.slice(index, next < 0 ? text.length : next)
      index = next < 0 ? text.length : next
      continue
    }
    const escape = readEscape(text, index, false)
    if (escape === undefined) throw invalidEscape(at)
    if (!isScalar(escape.code)) throw new IssueError(at, 'invalid unicode code point')
    out += String.fromCodePoint(escape.code)
    index += escape.length
  }
  return out
}

/** The bytes of a bytes literal between its quotes; characters are UTF-8. */
export function unescapeBytes(text: string, at: number): Uint8Array {
  const parts: Buffer[] = []
  for (let index = 0; index < text.length;) {
    const next = text.indexOf('\\', index)
    if (next !== index) {
      const end = next < 0 ? text.length : next
      parts.push(Buffer.from(text.slice(index, end)))
      index = end
      continue
    }
    const escape = readEscape(text, index, true)
    if (escape === undefined) throw invalidEscape(at)
    parts.push(Buffer.from([escape.code]))
    index += escape.length
  }
  return new Uint8Array(Buffer.concat(parts))
}
