/** Literals that can only fail: `duration('1 day')`, `x.matches('(')`. They are refused before anything runs. */
import type { Issue } from './issues.ts'
import { compilePattern } from './regex.ts'
import type { CallExpr, Expr } from './syntax.ts'
import { parseDuration, parseTimestamp, timestampOf } from './time.ts'
import { isError } from './values.ts'
import type { Literal } from './values.ts'
import { WorkExceeded, withWork } from './work.ts'

/** What is wrong with the argument at `argument`, the receiver counting as one. */
interface Rule {
  readonly argument: number
  readonly problem: (value: Literal) => string | undefined
}

const when = (fails: boolean, message: string): string | undefined => (fails ? message : undefined)

const pattern: Rule = {
  argument: 1,
  problem: value => {
    const compiled = typeof value === 'string' ? compilePattern(value) : undefined
    return isError(compiled) ? compiled.message : undefined
  },
}

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [
    'duration',
    {
      argument: 0,
      problem: value => when(typeof value === 'string' && isError(parseDuration(value)), 'invalid duration argument'),
    },
  ],
  [
    'timestamp',
    {
      argument: 0,
      problem: value => {
        const text = typeof value === 'string' && isError(parseTimestamp(value))
        const seconds = typeof value === 'bigint' && isError(timestampOf(value * 1_000_000_000n))
        return when(text || seconds, 'invalid timestamp argument')
      },
    },
  ],
  [
    'matches',
    { argument: 1, problem: value => when(pattern.problem(value) !== undefined, 'invalid matches argument') },
  ],
  ['find', pattern],
  ['findAll', pattern],
])

function problem(call: CallExpr): Issue | undefined {
  const rule = rules.get(call.name)
  if (rule === undefined) return undefined
  const operands = call.target === undefined ? call.args : [call.target, ...call.args]
  const operand = operands[rule.argument]
  if (operand?.kind !== 'literal') return undefined
  const message = rule.problem(operand.value)
  return message === undefined ? undefined : { at: operand.at, message }
}

/** As many things to format as there are places for them. */
function formatProblem({ name, target, args: [list], at }: CallExpr): Issue | undefined {
  if (name !== 'format' || target?.kind !== 'literal' || list?.kind !== 'list') return undefined
  if (typeof target.value !== 'string' || list.items.some(({ optional }) => optional)) return undefined
  const places = target.value.replaceAll('%%', '').split('%').length - 1
  const count = list.items.length
  if (count < places) return { at, message: `index ${count} out of range` }
  if (count === places) return undefined
  return { at, message: `too many arguments supplied to string.format (expected ${places}, got ${count})` }
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

/** Into one list: one for each node is more than the nodes themselves. */
function collect(node: Expr, issues: Issue[]): Issue[] {
  const found = node.kind === 'call' ? (problem(node) ?? formatProblem(node)) : undefined
  if (found !== undefined) issues.push(found)
  for (const part of parts(node)) collect(part, issues)
  return issues
}

/** Never throws: patterns that take too long to read count as a fault too. */
export function checkLiterals(node: Expr): readonly Issue[] {
  try {
    return withWork(() => collect(node, []))
  } catch (error) {
    if (error instanceof WorkExceeded) return [{ at: -1, message: 'literals take too long to check' }]
    throw error
  }
}
