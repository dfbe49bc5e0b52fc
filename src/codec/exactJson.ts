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
const spacePattern = /[ \t\n\r]*/y

/** JSON has no infinity: what was read as one would be written as null. */
function finite(value: number, text: string): number | bigint {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
  // Written in full, 1e17 is an integer: what is kept is what would be read again.
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return BigInt(value)
  if (Number.isFinite(value)) return value
  throw new JsonError(`json: cannot unmarshal number ${text.slice(0, 64)} into Go value of type float64`)
}

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
    spacePattern.lastIndex = this.#at
    spacePattern.test(this.#text)
    this.#at = spacePattern.lastIndex
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
    const entries = new Map<string, unknown>()
    if (this.#take('}')) return {}
    do {
      this.#space()
      const key = this.#string()
      if (!this.#take(':')) throw this.#wrong('after object key')
      this.#path.push(key)
      if (entries.has(key)) this.#duplicate()
      entries.set(key, this.#value())
      this.#path.pop()
    } while (this.#take(','))
    if (!this.#take('}')) throw this.#wrong('after object key:value pair')
    return Object.fromEntries(entries)
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
    if (this.#text[this.#at] !== '"') throw this.#wrong('looking for beginning of object key string')
    let end = this.#at + 1
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1
    const literal = this.#text.slice(this.#at, end + 1)
    this.#at = Math.min(end + 1, this.#text.length)
    try {
      // Half of a surrogate pair has no UTF-8: Go reads it as the replacement character.
      return (JSON.parse(literal) as string).toWellFormed()
    } catch {
      throw end < this.#text.length ? new JsonError('invalid character in string literal') : this.#wrong('')
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
