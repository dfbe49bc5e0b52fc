/** What is written as a call and means a comprehension. */
import { IssueError } from './issues.ts'
import { call, ident, listOf, literal, mapOf, methodCall } from './syntax.ts'
import type { ComprehensionExpr, Expr } from './syntax.ts'

/** The hidden name of a comprehension's result while it grows; no expression can spell it. */
export const accumulator = '@result'
const unused = '#unused'

export interface MacroCall {
  readonly at: number
  /** What stands before the dot. */
  readonly target?: Expr
  readonly args: readonly Expr[]
}

export interface Macro {
  readonly name: string
  readonly member: boolean
  readonly counts: readonly number[]
  /** Undefined when the call is a plain one after all. @throws IssueError */
  expand(call: MacroCall): Expr | undefined
}

export function variable(expression: Expr | undefined, message: string): string {
  if (expression?.kind !== 'ident' || expression.name.startsWith('.'))
    throw new IssueError(expression?.at ?? 0, message)
  const { name, at } = expression
  if (name === accumulator || name === '__result__')
    throw new IssueError(at, 'iteration variable overwrites accumulator variable')
  return name
}

type Loop = Omit<ComprehensionExpr, 'kind' | 'depth' | 'accu' | 'result' | 'condition'> & {
  readonly condition?: Expr
  readonly result?: Expr
}

/** A loop over `range` whose accumulator is hidden; without a condition it runs to the end. */
function loop({ at, ...parts }: Loop): Expr {
  const { range, init, condition = literal(at, true), step, result = ident(at, accumulator) } = parts
  const depth = Math.max(...[range, init, condition, step, result].map(part => part.depth)) + 1
  return { kind: 'comprehension', at, depth, ...parts, accu: accumulator, condition, result }
}

export interface Binding {
  readonly at: number
  readonly name: string
  readonly value: Expr
}

/** `result` with `name` standing for `value`: a fold over nothing. */
export const bind = ({ at, name, value }: Binding, result: Expr): Expr => ({
  kind: 'comprehension',
  at,
  depth: Math.max(value.depth, result.depth) + 1,
  range: listOf(at, []),
  item: unused,
  accu: name,
  init: value,
  condition: literal(at, false),
  step: ident(at, name),
  result,
})

/** The names that a loop gives to its items, and the arguments after them. */
interface Items {
  readonly names: { readonly item: string; readonly item2?: string }
  readonly rest: readonly Expr[]
}

function oneItem({ args }: MacroCall): Items {
  return { names: { item: variable(args[0], 'argument must be a simple name') }, rest: args.slice(1) }
}

function twoItems({ args }: MacroCall): Items {
  const item = variable(args[0], 'argument must be a simple name')
  const item2 = variable(args[1], 'argument must be a simple name')
  if (item === item2) throw new IssueError(args[1]?.at ?? 0, `duplicate variable name: ${item}`)
  return { names: { item, item2 }, rest: args.slice(2) }
}

type Steps = (at: number, rest: readonly Expr[]) => Omit<Loop, 'at' | 'range' | 'item' | 'item2'>

interface Shape {
  readonly counts: readonly number[]
  readonly items: (call: MacroCall) => Items
}

const one: Shape = { counts: [2], items: oneItem }
const two: Shape = { counts: [3], items: twoItems }

const looping = (name: string, { counts, items }: Shape, steps: Steps): Macro => ({
  name,
  member: true,
  counts,
  expand: made => {
    const { at, target } = made
    if (target === undefined) return undefined
    const { names, rest } = items(made)
    return loop({ at, range: target, ...names, ...steps(at, rest) })
  },
})

const first = ([expression]: readonly Expr[]): Expr => {
  if (expression === undefined) throw new IssueError(0, 'argument missing')
  return expression
}

const accu = (at: number): Expr => ident(at, accumulator)

const all: Steps = (at, rest) => ({
  init: literal(at, true),
  condition: call(at, '@not_strictly_false', [accu(at)]),
  step: call(at, '_&&_', [accu(at), first(rest)]),
})

const exists: Steps = (at, rest) => ({
  init: literal(at, false),
  condition: call(at, '@not_strictly_false', [call(at, '!_', [accu(at)])]),
  step: call(at, '_||_', [accu(at), first(rest)]),
})

const existsOne: Steps = (at, rest) => ({
  init: literal(at, 0n),
  step: call(at, '_?_:_', [first(rest), call(at, '_+_', [accu(at), literal(at, 1n)]), accu(at)]),
  result: call(at, '_==_', [accu(at), literal(at, 1n)]),
})

/** With two arguments the first one filters. */
const filtered =
  (init: (at: number) => Expr, grow: (at: number, value: Expr) => Expr): Steps =>
  (at, rest) => {
    const step = grow(at, first(rest.slice(-1)))
    return { init: init(at), step: rest.length > 1 ? call(at, '_?_:_', [first(rest), step, accu(at)]) : step }
  }

const emptyList = (at: number): Expr => listOf(at, [])
const emptyMap = (at: number): Expr => mapOf(at, [])
const append = (at: number, value: Expr): Expr => call(at, '_+_', [accu(at), listOf(at, [{ value, optional: false }])])

const mapping = filtered(emptyList, append)

export const mapMacro = looping('map', { counts: [2, 3], items: oneItem }, mapping)

const has: Macro = {
  name: 'has',
  member: false,
  counts: [1],
  expand: ({ at, args: [arg] }) => {
    if (arg?.kind !== 'select') throw new IssueError(arg?.at ?? at, 'invalid argument to has() macro')
    return { ...arg, at, test: true }
  },
}

const filter: Macro = {
  name: 'filter',
  member: true,
  counts: [2],
  expand: ({ at, target, args }) => {
    const item = variable(args[0], 'argument is not an identifier')
    if (target === undefined) return undefined
    const steps = mapping(at, [...args.slice(1), ident(args[0]?.at ?? at, item)])
    return loop({ at, range: target, item, ...steps })
  },
}

export const standardMacros: readonly Macro[] = [
  has,
  looping('all', one, all),
  looping('exists', one, exists),
  looping('exists_one', one, existsOne),
  looping('existsOne', one, existsOne),
  mapMacro,
  filter,
]

const transform: Shape = { counts: [3, 4], items: twoItems }

/** `[a, b].all(index, value, …)`, `{…}.transformMap(key, value, …)`. */
export const twoVariableMacros: readonly Macro[] = [
  looping('all', two, all),
  looping('exists', two, exists),
  looping('existsOne', two, existsOne),
  looping('exists_one', two, existsOne),
  looping('transformList', transform, mapping),
  {
    name: 'transformMap',
    member: true,
    counts: [3, 4],
    expand: made => {
      const { at, target } = made
      if (target === undefined) return undefined
      const { names, rest } = twoItems(made)
      const insert = (value: Expr): Expr => call(at, 'cel.@mapInsert', [accu(at), ident(at, names.item), value])
      return loop({ at, range: target, ...names, ...filtered(emptyMap, (_, value) => insert(value))(at, rest) })
    },
  },
  looping(
    'transformMapEntry',
    transform,
    filtered(emptyMap, (at, value) => call(at, 'cel.@mapInsert', [accu(at), value])),
  ),
]

const isNamed = (expression: Expr | undefined, name: string): boolean =>
  expression?.kind === 'ident' && expression.name === name

/** `cel.bind(name, value, result)` */
export const bindMacro: Macro = {
  name: 'bind',
  member: true,
  counts: [3],
  expand: ({ at, target, args: [name, value, result] }) => {
    if (!isNamed(target, 'cel') || value === undefined || result === undefined) return undefined
    return bind({ at, name: variable(name, 'cel.bind() variable names must be simple identifiers'), value }, result)
  },
}

/** A hidden variable holds the optional, as its text standing there twice would double with every level. */
const optional = (name: string, wrap: (at: number, result: Expr) => Expr): Macro => ({
  name,
  member: true,
  counts: [2],
  expand: ({ at, target, args: [item, result] }) => {
    const itemName = variable(item, `${name}() variable name must be a simple identifier`)
    if (target === undefined || result === undefined) return undefined
    const held = '@optional'
    const method = (method: string): Expr => methodCall({ at, name: method, target: ident(at, held) }, [])
    const inner = bind({ at, name: itemName, value: method('value') }, result)
    const none = call(at, 'optional.none', [])
    const chosen = call(at, '_?_:_', [method('hasValue'), wrap(at, inner), none])
    return bind({ at, name: held, value: target }, chosen)
  },
})

export const optionalMacros: readonly Macro[] = [
  optional('optMap', (at, result) => call(at, 'optional.of', [result])),
  optional('optFlatMap', (_, result) => result),
]
