/** The syntax tree. Macros are gone from it: they have become comprehensions. */
import type { Literal } from './values.ts'

interface Place {
  /** UTF-16 offset in the source. */
  readonly at: number
  /** Levels of nesting below and with this node, a macro counting as one. */
  readonly depth: number
}

export interface LiteralExpr extends Place {
  readonly kind: 'literal'
  readonly value: Literal
}

export interface IdentExpr extends Place {
  readonly kind: 'ident'
  /** With a leading dot when the name is absolute. */
  readonly name: string
}

export interface SelectExpr extends Place {
  readonly kind: 'select'
  readonly operand: Expr
  readonly field: string
  /** From `has()`: asks whether the field is there. */
  readonly test: boolean
}

export interface CallExpr extends Place {
  readonly kind: 'call'
  /** Operators are named as in `_+_`, `_?_:_`, `@in`. */
  readonly name: string
  readonly target?: Expr
  readonly args: readonly Expr[]
}

export interface ListExpr extends Place {
  readonly kind: 'list'
  readonly items: readonly { readonly value: Expr; readonly optional: boolean }[]
}

export interface MapExpr extends Place {
  readonly kind: 'map'
  readonly entries: readonly MapEntry[]
}

export interface MapEntry {
  readonly at: number
  readonly key: Expr
  readonly value: Expr
  readonly optional: boolean
}

export interface StructExpr extends Place {
  readonly kind: 'struct'
  readonly name: string
  readonly fields: readonly StructField[]
}

export interface StructField {
  readonly at: number
  readonly name: string
  readonly value: Expr
  readonly optional: boolean
}

/** A fold: `accu` starts as `init`; for each item of `range`, while `condition` holds, `step` gives the next one. */
export interface ComprehensionExpr extends Place {
  readonly kind: 'comprehension'
  readonly range: Expr
  /** An item of a list or a key of a map; with `item2` an index or a key. */
  readonly item: string
  /** The value beside the index or key. */
  readonly item2?: string
  readonly accu: string
  readonly init: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

export type Expr = LiteralExpr | IdentExpr | SelectExpr | CallExpr | ListExpr | MapExpr | StructExpr | ComprehensionExpr

const deepest = (expressions: readonly Expr[]): number =>
  expressions.reduce((most, { depth }) => Math.max(most, depth), 0)

export const literal = (at: number, value: Literal): LiteralExpr => ({ kind: 'literal', at, depth: 1, value })
export const ident = (at: number, name: string): IdentExpr => ({ kind: 'ident', at, depth: 1, name })

export const select = (at: number, operand: Expr, field: string): SelectExpr => ({
  kind: 'select',
  at,
  depth: operand.depth + 1,
  operand,
  field,
  test: false,
})

export const call = (at: number, name: string, args: readonly Expr[]): CallExpr => ({
  kind: 'call',
  at,
  depth: deepest(args) + 1,
  name,
  args,
})

export const listOf = (at: number, items: ListExpr['items']): ListExpr => ({
  kind: 'list',
  at,
  depth: deepest(items.map(item => item.value)) + 1,
  items,
})

export const mapOf = (at: number, entries: readonly MapEntry[]): MapExpr => ({
  kind: 'map',
  at,
  depth: deepest(entries.flatMap(({ key, value }) => [key, value])) + 1,
  entries,
})

export const methodCall = (called: { at: number; name: string; target: Expr }, args: readonly Expr[]): CallExpr => ({
  ...call(called.at, called.name, args),
  depth: deepest([called.target, ...args]) + 1,
  target: called.target,
})

export const struct = (at: number, name: string, fields: readonly StructField[]): StructExpr => ({
  kind: 'struct',
  at,
  depth: deepest(fields.map(({ value }) => value)) + 1,
  name,
  fields,
})

/** `a.b.c` of identifiers alone, else undefined. */
export function qualifiedName(expression: Expr): string | undefined {
  if (expression.kind === 'ident') return expression.name
  if (expression.kind !== 'select' || expression.test) return undefined
  const operand = qualifiedName(expression.operand)
  return operand === undefined ? undefined : `${operand}.${expression.field}`
}
