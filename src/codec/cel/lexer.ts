/** Source text to tokens. */
import { IssueError } from './issues.ts'
import { unescapeBytes, unescapeString } from './literals.ts'
import { UInt } from './values.ts'
import type { Literal } from './values.ts'

export type Token =
  | { readonly kind: 'literal'; readonly at: number; readonly text: string; readonly value: Literal }
  /** An integer keeps its digits, as a sign before them belongs to them. */
  | { readonly kind: 'int'; readonly at: number; readonly text: string; readonly digits: bigint }
  /** What is no token; nothing comes after it. */
  | { readonly kind: 'bad'; readonly at: number; readonly text: string; readonly issue: IssueError }
  | { readonly kind: 'ident' | 'quoted' | 'operator' | 'end'; readonly at: number; readonly text: string }

const space = /(?:[ \t\r\n\f]+|\/\/[^\n]*)+/y
const word = /[_a-zA-Z][_a-zA-Z0-9]*/y
const number = /0x[0-9a-fA-F]+[uU]?|\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?/y
const operator = /\.\?|\[\?|&&|\|\||[=!<>]=|[-+*/%?:.,!<>()[\]{}]/y
const quoted = /`([a-zA-Z0-9_.\-/ ]+)`/y
const opening = /([bB]?[rR]?|[rR]?[bB]?)("""|'''|"|')/y

const mostUint = (1n << 64n) - 1n

export class Lexer {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  /** Every token, the last of kind `end` or `bad`. */
  all(): readonly Token[] {
    const tokens: Token[] = []
    for (;;) {
      this.#match(space)
      const token = this.#read()
      tokens.push(token)
      if (token.kind === 'end' || token.kind === 'bad') return tokens
    }
  }

  /** The parser comes upon a fault only after what stands before it. */
  #read(): Token {
    const at = this.#at
    try {
      return this.#next()
    } catch (error) {
      if (error instanceof IssueError) return { kind: 'bad', at, text: '', issue: error }
      throw error
    }
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#source)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    return found
  }

  #next(): Token {
    const at = this.#at
    if (at >= this.#source.length) return { kind: 'end', at, text: '<EOF>' }
    const open = this.#match(opening)
    if (open !== undefined) return this.#string(at, open)
    const name = this.#match(word)
    if (name !== undefined) return { kind: 'ident', at, text: name[0] }
    const digits = this.#match(number)
    if (digits !== undefined) return readNumber(at, digits[0])
    const sign = this.#match(operator)
    if (sign !== undefined) return { kind: 'operator', at, text: sign[0] }
    const name2 = this.#match(quoted)
    if (name2 !== undefined) return { kind: 'quoted', at, text: name2[1] ?? '' }
    throw unrecognized(at, String.fromCodePoint(this.#source.codePointAt(at) ?? 0))
  }

  #string(at: number, [, prefix = '', quote = '']: RegExpExecArray): Token {
    const raw = /r/i.test(prefix)
    const bytes = /b/i.test(prefix)
    const start = this.#at
    const end = this.#end(quote, raw)
    if (end < 0) throw unrecognized(at, this.#source.slice(at, at + 40))
    this.#at = end + quote.length
    const inner = this.#source.slice(start, end).replaceAll(/\r\n?/g, '\n')
    const text = this.#source.slice(at, this.#at)
    if (bytes) {
      const value = raw ? new Uint8Array(Buffer.from(inner)) : unescapeBytes(inner, at)
      return { kind: 'literal', at, text, value }
    }
    return { kind: 'literal', at, text, value: raw ? inner : unescapeString(inner, at) }
  }

  /** Where the closing quote stands, or -1. */
  #end(quote: string, raw: boolean): number {
    const long = quote.length === 3
    for (let index = this.#at; index < this.#source.length; index++) {
      const character = this.#source[index]
      if (character === '\\' && !raw) index++
      else if (!long && (character === '\n' || character === '\r')) return -1
      else if (this.#source.startsWith(quote, index)) return index
    }
    return -1
  }
}

const unrecognized = (at: number, text: string): IssueError =>
  new IssueError(at, `Syntax error: token recognition error at: '${text}'`)

function readNumber(at: number, text: string): Token {
  const unsigned = /^(0x[0-9a-f]+|\d+)u$/i.exec(text)
  if (unsigned !== null) {
    const value = BigInt(unsigned[1] ?? '')
    if (value > mostUint) throw new IssueError(at, 'invalid uint literal')
    return { kind: 'literal', at, text, value: new UInt(value) }
  }
  if (/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return { kind: 'int', at, text, digits: BigInt(text) }
  const value = Number(text)
  if (!Number.isFinite(value)) throw new IssueError(at, 'invalid double literal')
  return { kind: 'literal', at, text, value }
}
