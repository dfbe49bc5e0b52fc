/** Calls as closures. */
import { costs } from './cost.ts'
import type { Overload } from './define.ts'
import { charge } from './frame.ts'
import type { Step } from './frame.ts'
import { lookUp } from './library/operators.ts'
import type { CelType } from './types.ts'
import { CelMap, isError, none, noSuchOverload, Optional } from './values.ts'
import type { CelError, Result, Value } from './values.ts'

type Operator = (args: readonly Step[]) => Step

const missing: Step = noSuchOverload
const arg = (args: readonly Step[], at: number): Step => args[at] ?? missing

/** The side that decides wins over an error on the other one. */
const logical =
  (deciding: boolean): Operator =>
  args => {
    const left = arg(args, 0)
    const right = arg(args, 1)
    return frame => {
      const first = left(frame)
      if (first === deciding) return deciding
      const second = right(frame)
      if (second === deciding) return deciding
      if (typeof first === 'boolean' && typeof second === 'boolean') return !deciding
      if (isError(first)) return first
      return isError(second) ? second : noSuchOverload()
    }
  }

const conditional: Operator = args => {
  const condition = arg(args, 0)
  const yes = arg(args, 1)
  const no = arg(args, 2)
  return frame => {
    const value = condition(frame)
    if (typeof value !== 'boolean') return isError(value) ? value : noSuchOverload()
    return value ? yes(frame) : no(frame)
  }
}

const notStrictlyFalse: Operator = args => {
  const value = arg(args, 0)
  return frame => {
    const found = value(frame)
    charge(frame, 1)
    return isError(found) ? true : found
  }
}

/** The field of a map or object; of an optional, an optional. */
export function fieldOf(operand: Value, field: string): Result {
  if (operand instanceof CelMap) return lookUp(operand, field)
  return operand instanceof Optional ? optionalLookUp(operand, field) : noSuchOverload()
}

export const asOptional = (value: Value): Optional => (value instanceof Optional ? value : new Optional(value))

/** What may be absent: none instead of an error. */
export function optionalLookUp(operand: Value, key: Value): Result {
  if (operand instanceof Optional) return operand.value === undefined ? none : optionalLookUp(operand.value, key)
  if (operand instanceof CelMap) {
    const found = operand.get(key)
    return found === undefined ? none : isError(found) ? found : asOptional(found)
  }
  const found = lookUp(operand, key)
  if (!isError(found)) return asOptional(found)
  return found.message.startsWith('index out of bounds') ? none : found
}

const indexing =
  (look: (operand: Value, key: Value) => Result): Operator =>
  args => {
    const container = arg(args, 0)
    const key = arg(args, 1)
    return frame => {
      const operand = container(frame)
      if (isError(operand)) return operand
      const at = key(frame)
      charge(frame, costs.name)
      return isError(at) ? at : look(operand, at)
    }
  }

const index = (operand: Value, key: Value): Result =>
  operand instanceof Optional ? optionalLookUp(operand, key) : lookUp(operand, key)

const operators: ReadonlyMap<string, Operator> = new Map([
  ['_&&_', logical(false)],
  ['_||_', logical(true)],
  ['_?_:_', conditional],
  ['@not_strictly_false', notStrictlyFalse],
  ['_[_]', indexing(index)],
  ['_[?_]', indexing(optionalLookUp)],
  ['_?._', indexing(optionalLookUp)],
])

const open: ReadonlySet<CelType['kind']> = new Set(['dyn', 'wrapper', 'error', 'parameter', 'null'])

export interface Call {
  readonly name: string
  readonly overloads: readonly Overload[]
  readonly args: readonly Step[]
  /** What the checker says of the arguments, empty without it. */
  readonly types: readonly CelType[]
}

function accepts(overload: Overload, values: readonly Value[]): boolean {
  for (let at = 0; at < values.length; at++) if (!overload.takes[at]?.is(values[at] ?? null)) return false
  return true
}

function finish(overload: Overload, values: readonly Value[]): { readonly result: Result; readonly cost: number } {
  const result = overload.run(...values)
  return { result, cost: overload.cost === undefined ? 1 : overload.cost(values, result) }
}

/** A call of one or more overloads; which of them, the values say, unless the checker was sure. */
export function planCall(call: Call): Step {
  const operator = operators.get(call.name)
  if (operator !== undefined) return operator(call.args)
  const { overloads, args, types } = call
  const [only] = overloads
  const sure = overloads.length === 1 && types.length === args.length && types.every(({ kind }) => !open.has(kind))
  if (sure && only?.cost === undefined && args.length === 2 && only !== undefined) return planPair(only, args)
  return frame => {
    const values: Value[] = []
    let failed: CelError | undefined
    for (const step of args) {
      const value = step(frame)
      if (!isError(value)) values.push(value)
      else failed ??= value
    }
    if (failed !== undefined) return failed
    const chosen = sure ? only : overloads.find(overload => accepts(overload, values))
    if (chosen === undefined) return noSuchOverload()
    const { result, cost } = finish(chosen, values)
    charge(frame, cost)
    return result
  }
}

function planPair(overload: Overload, args: readonly Step[]): Step {
  const left = arg(args, 0)
  const right = arg(args, 1)
  return frame => {
    const first = left(frame)
    if (isError(first)) return first
    const second = right(frame)
    if (isError(second)) return second
    charge(frame, 1)
    return overload.run(first, second)
  }
}
