/** Literals that can only fail: `duration('1 day')`, `x.matches('(')`. They are refused before anything runs. */
import type { Issue } from './issues.ts'
import { compilePattern } from './regex.ts'
import type { CallExpr, Expr } from './syntax.ts'
import { parseDuration, parseTimestamp } from './time.ts'
import { isError } from './values.ts'

interface Rule {
  readonly count: number
  readonly fails: (literal: string) => boolean
}

const rules: ReadonlyMap<string, Rule> = new Map([
  ['duration', { count: 1, fails: literal => isError(parseDuration(literal)) }],
  ['timestamp', { count: 1, fails: literal => isError(parseTimestamp(literal)) }],
  ['matches', { count: 2, fails: literal => isError(compilePattern(literal)) }],
])

function problem(call: CallExpr): Issue | undefined {
  const rule = rules.get(call.name)
  const operands = call.target === undefined ? call.args : [call.target, ...call.args]
  const last = operands.at(-1)
  if (rule?.count !== operands.length || last?.kind !== 'literal' || typeof last.value !== 'string') return undefined
  return rule.fails(last.value) ? { at: last.at, message: `invalid ${call.name} argument` } : undefined
}

function parts(node: Expr): readonly Expr[] {
  switch (node.kind) {
    case 'select':
      return [node.operand]
    case 'call':
      return node.target === undefined ? node.args : [node.target, ...node.args]
    case 'list':
      return node.items.map(({ value }) => value)
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value])
    case 'struct':
      return node.fields.map(({ value }) => value)
    case 'comprehension':
      return [node.range, node.init, node.condition, node.step, node.result]
    default:
      return []
  }
}

export function checkLiterals(node: Expr): readonly Issue[] {
  const found = node.kind === 'call' ? problem(node) : undefined
  const inner = parts(node).flatMap(checkLiterals)
  return found === undefined ? inner : [found, ...inner]
}
