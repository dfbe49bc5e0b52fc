/** A JSON reader that reports duplicate keys, keeps 64-bit integers exact and knows what has no place in JSON. Slow; json.ts says when it is needed. */
import { JsonError } from './errors.ts'

export interface Parsed {
  readonly value: unknown
  /** Paths such as `spec.containers[0].name`, at most a hundred. */
  readonly duplicates: readonly string[]
}

const mostDuplicates = 100
const least = -(2n ** 63n)
const most = 2n ** 63n - 1n
const numberPattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y

const quote = 0x22
const backslash = 0x5c
const firstPrintable = 0x20
const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/** JSON has no infinity: what was read as one would be written as null. */
function finite(value: number, text: string): number | bigint {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
  // Written in full, 1e17 is an integer: what is kept is what would be read again.
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return BigInt(value)
  if (Number.isFinite(value)) return value
  throw new JsonError(`json: cannot unmarshal number ${text.slice(0, 64)} into Go value of type float64`)
}

const own = { enumerable: true, configurable: true, writable: true }

class Reader {
  readonly #text: string
  readonly #most: number
  #at = 0
  #depth = 0
  readonly duplicates: string[] = []
  readonly #path: (string | number)[] = []

  constructor(text: string, depth: number) {
    this.#text = text
    this.#most = depth
  }

  document(): unknown {
    const value = this.#value()
    this.#space()
    if (this.#at < this.#text.length) throw this.#wrong('after top-level value')
    return value
  }

  #space(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++
  }

  #wrong(where: string): JsonError {
    if (this.#at >= this.#text.length) return new JsonError('unexpected end of JSON input')
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
    return new JsonError(`invalid character '${character}' ${where}`)
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    return found
  }

  #take(character: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #value(): unknown {
    this.#space()
    const first = this.#text[this.#at]
    if (first === '{') return this.#nested(() => this.#object())
    if (first === '[') return this.#nested(() => this.#array())
    if (first === '"') return this.#string()
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length
        return value
      }
    return this.#number()
  }

  #nested(read: () => unknown): unknown {
    if (++this.#depth > this.#most) throw new JsonError('exceeded max depth')
    this.#at++
    const value = read()
    this.#depth--
    return value
  }

  #object(): unknown {
    const object: Record<string, unknown> = {}
    if (this.#take('}')) return object
    do {
      this.#space()
      const key = this.#string()
      if (!this.#take(':')) throw this.#wrong('after object key')
      this.#path.push(key)
      if (Object.hasOwn(object, key)) this.#duplicate()
      const value = this.#value()
      if (key === '__proto__') Object.defineProperty(object, key, { ...own, value })
      else object[key] = value
      this.#path.pop()
    } while (this.#take(','))
    if (!this.#take('}')) throw this.#wrong('after object key:value pair')
    return object
  }

  #duplicate(): void {
    const path = pathText(this.#path)
    if (this.duplicates.length < mostDuplicates && !this.duplicates.includes(path)) this.duplicates.push(path)
  }

  #array(): unknown {
    const items: unknown[] = []
    if (this.#take(']')) return items
    do {
      this.#path.push(items.length)
      items.push(this.#value())
      this.#path.pop()
    } while (this.#take(','))
    if (!this.#take(']')) throw this.#wrong('after array element')
    return items
  }

  #string(): string {
    const text = this.#text
    const start = this.#at + 1
    if (text.charCodeAt(this.#at) !== quote) throw this.#wrong('looking for beginning of object key string')
    let plain = true
    let end = start
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end)
      if (code === quote) break
      if (code === backslash) end++
      if (code === backslash || code < firstPrintable) plain = false
    }
    this.#at = Math.min(end + 1, text.length)
    // Half of a surrogate pair has no UTF-8: Go reads it as the replacement character.
    if (plain && end < text.length) return text.slice(start, end).toWellFormed()
    try {
      return (JSON.parse(text.slice(start - 1, end + 1)) as string).toWellFormed()
    } catch {
      throw end < text.length ? new JsonError('invalid character in string literal') : this.#wrong('')
    }
  }

  #number(): number | bigint {
    const found = this.#match(numberPattern)
    if (found === undefined) throw this.#wrong('looking for beginning of value')
    const [text, fraction, exponent] = found
    const value = Number(text)
    if (fraction !== undefined || exponent !== undefined || Number.isSafeInteger(value)) return finite(value, text)
    const whole = text.length > 20 ? most + 1n : BigInt(text)
    // Longer ones are floating point to Go; that typed fields refuse them is the decoder's to say.
    return whole < least || whole > most ? finite(value, text) : whole
  }
}

/** `spec.containers[0].name` */
export const pathText = (path: readonly (string | number)[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  )

/** @throws JsonError */
export function readExactly(text: string, depth: number): Parsed {
  const reader = new Reader(text, depth)
  const value = reader.document()
  return { value, duplicates: reader.duplicates }
}
