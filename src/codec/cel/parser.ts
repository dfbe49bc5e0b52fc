/** Tokens to a syntax tree, macros expanded. */
import { IssueError } from './issues.ts'
import type { Issue } from './issues.ts'
import { Lexer } from './lexer.ts'
import type { Token } from './lexer.ts'
import type { Macro } from './macros.ts'
import { characters } from './text.ts'
import { call, ident, listOf, literal, mapOf, methodCall, qualifiedName, select, struct } from './syntax.ts'
import type { Expr, ListExpr, MapEntry, StructField } from './syntax.ts'

const mostCharacters = 100_000
const mostDepth = 250

const reserved: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)
const keywords: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in'])
const primaries =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

/** Binary operators from the loosest to the tightest; all group to the left. */
const levels: readonly ReadonlyMap<string, string>[] = [
  new Map([
    ['<', '_<_'],
    ['<=', '_<=_'],
    ['>', '_>_'],
    ['>=', '_>=_'],
    ['==', '_==_'],
    ['!=', '_!=_'],
    ['in', '@in'],
  ]),
  new Map([
    ['+', '_+_'],
    ['-', '_-_'],
  ]),
  new Map([
    ['*', '_*_'],
    ['/', '_/_'],
    ['%', '_%_'],
  ]),
]

export type Parsed =
  | { readonly ok: true; readonly expression: Expr }
  | { readonly ok: false; readonly issues: readonly Issue[] }

const tooDeep = (): IssueError => new IssueError(-1, `expression recursion limit exceeded: ${mostDepth}`)

class Parser {
  readonly #tokens: readonly Token[]
  readonly #macros: readonly Macro[]
  #index = 0
  #nesting = 0

  constructor(tokens: readonly Token[], macros: readonly Macro[]) {
    this.#tokens = tokens
    this.#macros = macros
  }

  document(): Expr {
    const expression = this.#expression()
    if (this.#peek().kind !== 'end') throw this.#unexpected('<EOF>')
    return expression
  }

  #peek(): Token {
    const token = this.#tokens[this.#index]
    if (token === undefined) throw new IssueError(-1, 'Syntax error')
    if (token.kind === 'bad') throw token.issue
    return token
  }

  #is(text: string): boolean {
    const token = this.#peek()
    return token.text === text && (token.kind === 'operator' || (token.kind === 'ident' && keywords.has(text)))
  }

  /** The operator's token, passed over, if it stands here. */
  #take(text: string): Token | undefined {
    if (!this.#is(text)) return undefined
    return this.#tokens[this.#index++]
  }

  #expect(text: string): Token {
    const token = this.#take(text)
    if (token === undefined) throw this.#unexpected(`'${text}'`)
    return token
  }

  #unexpected(expected: string): IssueError {
    const { at, text } = this.#peek()
    return new IssueError(at, `Syntax error: mismatched input '${text}' expecting ${expected}`)
  }

  #shallow(expression: Expr): Expr {
    if (expression.depth > mostDepth) throw tooDeep()
    return expression
  }

  #expression(): Expr {
    if (++this.#nesting > mostDepth) throw tooDeep()
    const condition = this.#logical('||')
    const mark = this.#take('?')
    const expression = mark === undefined ? condition : this.#conditional(mark.at, condition)
    this.#nesting--
    return expression
  }

  #conditional(at: number, condition: Expr): Expr {
    const yes = this.#logical('||')
    this.#expect(':')
    return this.#shallow(call(at, '_?_:_', [condition, yes, this.#expression()]))
  }

  /** A chain of equal logical operators becomes a balanced tree, so that long ones are not deep. */
  #logical(operator: '||' | '&&'): Expr {
    const next = (): Expr => (operator === '||' ? this.#logical('&&') : this.#binary(0))
    const terms = [next()]
    const places: number[] = []
    for (let token = this.#take(operator); token !== undefined; token = this.#take(operator)) {
      places.push(token.at)
      terms.push(next())
    }
    return this.#shallow(balance({ name: `_${operator}_`, terms, places }, 0, terms.length - 1))
  }

  #binary(level: number): Expr {
    const operators = levels[level]
    if (operators === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    for (;;) {
      const { kind, text, at } = this.#peek()
      const name = kind === 'operator' || kind === 'ident' ? operators.get(text) : undefined
      if (name === undefined) return left
      this.#index++
      left = this.#shallow(call(at, name, [left, this.#binary(level + 1)]))
    }
  }

  /** Pairs of the same sign cancel out; a single minus belongs to a number that follows it. */
  #unary(): Expr {
    const sign = this.#is('!') ? '!' : '-'
    const start = this.#index
    while (this.#take(sign) !== undefined);
    const count = this.#index - start
    if (count % 2 === 0) return this.#member(this.#primary(false))
    const { at } = this.#tokens[start] ?? this.#peek()
    const token = this.#peek()
    const number = token.kind === 'int' || (token.kind === 'literal' && typeof token.value === 'number')
    if (sign === '-' && number) return this.#member({ ...this.#primary(true), at })
    return this.#shallow(call(at, sign === '!' ? '!_' : '-_', [this.#member(this.#primary(false))]))
  }

  #member(start: Expr): Expr {
    let expression = start
    for (;;) {
      const next = this.#suffix(expression)
      if (next === undefined) return expression
      expression = this.#shallow(next)
    }
  }

  #suffix(operand: Expr): Expr | undefined {
    const dot = this.#take('.')
    if (dot !== undefined) return this.#selected(dot.at, operand)
    const optional = this.#take('.?')
    if (optional !== undefined) {
      const field = this.#field()
      return call(optional.at, '_?._', [operand, literal(optional.at, field)])
    }
    const name = this.#is('[?') ? '_[?_]' : '_[_]'
    const bracket = this.#take('[') ?? this.#take('[?')
    if (bracket !== undefined) {
      const index = this.#expression()
      this.#expect(']')
      return call(bracket.at, name, [operand, index])
    }
    const message = this.#is('{') ? qualifiedName(operand) : undefined
    return message === undefined ? undefined : this.#message(message)
  }

  #field(): string {
    const token = this.#peek()
    const named = token.kind === 'quoted' || (token.kind === 'ident' && !keywords.has(token.text))
    if (!named) throw this.#unexpected('IDENTIFIER')
    this.#index++
    return token.text
  }

  #selected(at: number, operand: Expr): Expr {
    const method = this.#peek().kind === 'ident'
    const field = this.#field()
    const open = method ? this.#take('(') : undefined
    if (open === undefined) return select(at, operand, field)
    return this.#called(open.at, field, operand)
  }

  #called(at: number, name: string, target?: Expr): Expr {
    const args = this.#arguments()
    const macro = this.#macros.find(
      known => known.name === name && known.member === (target !== undefined) && known.counts.includes(args.length),
    )
    const expanded = macro?.expand({ at, args, ...(target === undefined ? {} : { target }) })
    if (expanded !== undefined) {
      const depth = Math.max(target?.depth ?? 0, ...args.map(arg => arg.depth)) + 1
      return this.#shallow({ ...expanded, depth })
    }
    return this.#shallow(target === undefined ? call(at, name, args) : methodCall({ at, name, target }, args))
  }

  #arguments(): Expr[] {
    const args: Expr[] = []
    if (this.#take(')') !== undefined) return args
    do args.push(this.#expression())
    while (this.#take(',') !== undefined)
    this.#expect(')')
    return args
  }

  #primary(negative: boolean): Expr {
    const token = this.#peek()
    if (token.kind === 'int' || token.kind === 'literal') {
      this.#index++
      return literal(token.at, token.kind === 'int' ? signed(token, negative) : negated(token.value, negative))
    }
    if (this.#take('(') !== undefined) {
      const inner = this.#expression()
      this.#expect(')')
      return inner
    }
    if (this.#take('[') !== undefined) return this.#list(token.at, false)
    if (this.#take('[?') !== undefined) return this.#list(token.at, true)
    if (this.#take('{') !== undefined) return this.#map(token.at)
    return this.#name()
  }

  #name(): Expr {
    const { at } = this.#peek()
    const dot = this.#take('.') === undefined ? '' : '.'
    const token = this.#peek()
    if (token.kind !== 'ident' || (keywords.has(token.text) && (dot !== '' || token.text === 'in')))
      throw this.#unexpected(primaries)
    this.#index++
    if (keywords.has(token.text)) return literal(at, token.text === 'null' ? null : token.text === 'true')
    if (reserved.has(token.text)) throw new IssueError(token.at, `reserved identifier: ${token.text}`)
    const open = this.#take('(')
    return open === undefined ? ident(at, dot + token.text) : this.#called(open.at, dot + token.text)
  }

  #list(at: number, optionalFirst: boolean): Expr {
    const items: { value: Expr; optional: boolean }[] = []
    let optional = optionalFirst
    while (optional || !this.#is(']')) {
      optional ||= this.#take('?') !== undefined
      items.push({ value: this.#expression(), optional })
      optional = false
      if (this.#take(',') === undefined) break
    }
    this.#expect(']')
    return this.#shallow(listOf(at, items satisfies ListExpr['items']))
  }

  #map(at: number): Expr {
    const entries: MapEntry[] = []
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined
      const key = this.#expression()
      const colon = this.#expect(':')
      entries.push({ at: colon.at, key, value: this.#expression(), optional })
      if (this.#take(',') === undefined) break
    }
    this.#expect('}')
    return this.#shallow(mapOf(at, entries))
  }

  #message(name: string): Expr {
    const { at } = this.#expect('{')
    const fields: StructField[] = []
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined
      const field = this.#field()
      const colon = this.#expect(':')
      fields.push({ at: colon.at, name: field, value: this.#expression(), optional })
      if (this.#take(',') === undefined) break
    }
    this.#expect('}')
    return struct(at, name, fields)
  }
}

function balance(
  chain: { name: string; terms: readonly Expr[]; places: readonly number[] },
  from: number,
  to: number,
): Expr {
  const only = chain.terms[from]
  if (from === to && only !== undefined) return only
  const middle = from + Math.floor((to - from + 1) / 2)
  return call(chain.places[middle - 1] ?? 0, chain.name, [balance(chain, from, middle - 1), balance(chain, middle, to)])
}

function signed(token: Extract<Token, { kind: 'int' }>, negative: boolean): bigint {
  const value = negative ? -token.digits : token.digits
  if (BigInt.asIntN(64, value) !== value) throw new IssueError(token.at, 'invalid int literal')
  return value
}

const negated = <T>(value: T, negative: boolean): T | number => (negative && typeof value === 'number' ? -value : value)

/** The syntax tree of an expression. Never throws; at most one issue is found. */
export function parse(source: string, macros: readonly Macro[]): Parsed {
  try {
    const size = source.length > mostCharacters ? characters(source) : 0
    if (size > mostCharacters)
      throw new IssueError(-1, `expression code point size exceeds limit: size: ${size}, limit ${mostCharacters}`)
    return { ok: true, expression: new Parser(new Lexer(source).all(), macros).document() }
  } catch (error) {
    if (error instanceof IssueError) return { ok: false, issues: [error.issue] }
    throw error
  }
}
