/** Rules of one schema node on one value. */
import { FieldError, type FieldErrorReason, omitted } from '#api/validation.ts'
import { type Evaluation, type Program, BudgetError } from '#codec/cel/compile.ts'
import type { Activation } from '#codec/cel/frame.ts'
import { fromJson } from '#codec/cel/json.ts'
import { longestMessage } from '#codec/cel/limits.ts'
import type { CelType } from '#codec/cel/types.ts'
import { type Result, Optional, isError, none } from '#codec/cel/values.ts'
import type { ValidationRule } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { Place } from '../place.ts'

export interface Compiled {
  readonly rule: ValidationRule
  readonly program: Program | undefined
  readonly problem: string | undefined
  readonly transition: boolean
  readonly cost: number
  readonly message: Text | undefined
  readonly path: string
}

export interface Text {
  readonly program: Program | undefined
  readonly problem: string | undefined
  readonly cost: number
}

export interface RuleInput {
  /** Of the value; what is wrong is added to it. */
  readonly place: Place
  readonly self: unknown
  /** Present where the old object has a value that this one is the next state of. */
  readonly old?: unknown
  /** Whether nothing has changed here: then what is wrong is told and no obstacle, but for transitions. */
  readonly unchanged: () => boolean
  /** Cost that is left for the whole object; the engine takes from it. Below zero nothing more is evaluated. */
  readonly budget: { left: number }
  readonly warn: (text: string) => void
}

interface Typed {
  readonly type: CelType
  /** Stands for the value where the rule could not be evaluated. */
  readonly shown: string
}

const runOut = 'validation failed due to running out of cost budget, no further validation rules will be run'

/** Stops after each rule, so that whoever asks may do something else before the next. */
export function* evaluateAll(rules: readonly Compiled[], input: RuleInput, typed: Typed): Generator<void> {
  const { place, self, budget } = input
  if (budget.left <= 0) return stop(input, () => place.invalid(typed.shown, runOut))
  const value = fromJson(self, typed.type)
  const hasOld = input.old !== undefined && input.old !== null
  const before = hasOld ? fromJson(input.old, typed.type) : undefined
  const plain = new Map<string, Result>([
    ['self', value],
    ...(before === undefined ? [] : [['oldSelf', before] as const]),
  ])
  const optional = new Map<string, Result>([
    ['self', value],
    ['oldSelf', before === undefined ? none : isError(before) ? before : new Optional(before)],
  ])
  for (const rule of rules) {
    if (budget.left < 0) return undefined
    const isOptional = rule.rule.optionalOldSelf === true
    if (rule.problem !== undefined) place.invalid(typed.shown, `rule compile error: ${rule.problem}`)
    else if (rule.program !== undefined && (!rule.transition || hasOld || isOptional))
      evaluate(rule, input, { ...typed, program: rule.program, variables: isOptional ? optional : plain })
    yield
  }
  return undefined
}

function stop({ budget }: RuleInput, tell: () => void): void {
  tell()
  budget.left = -1
}

const nameOf = ({ rule, message = '' }: ValidationRule): string => (message === '' ? rule : message).trim()

interface Run extends Typed {
  readonly program: Program
  readonly variables: Activation
}

function evaluate(compiled: Compiled, input: RuleInput, { program, variables, shown }: Run): void {
  const { place, budget } = input
  const { value, cost }: Evaluation = program.evaluate(variables)
  if (cost > budget.left) return stop(input, () => place.invalid(shown, runOut))
  budget.left -= cost
  const name = nameOf(compiled.rule)
  if (value instanceof BudgetError)
    return stop(input, () =>
      place.invalid(
        shown,
        `'${value.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${name}`,
      ),
    )
  if (isError(value))
    return place.invalid(
      shown,
      value.message.startsWith('no such overload')
        ? `'${value.message}': call arguments did not match a supported operator, function or macro signature for rule: ${name}`
        : `${value.message} evaluating rule: ${name}`,
    )
  if (value !== true) fail(compiled, input, { variables, shown })
  return undefined
}

function fail(compiled: Compiled, input: RuleInput, { variables, shown }: Omit<Run, 'program' | 'type'>): void {
  const { rule, message, transition, path } = compiled
  const at = new Place(path === '' ? input.place.path() : new Place(path, input.place).path())
  const text = message?.program === undefined ? undefined : messageOf(message.program, rule, { input, variables })
  const standard =
    rule.message === undefined || rule.message === '' ? `failed rule: ${nameOf(rule)}` : rule.message.trim()
  if (text?.fatal === true) at.invalid(shown, text.text)
  else tell(at, rule.reason, { detail: text?.text ?? standard, value: input.self })
  const isTold = !transition && input.unchanged()
  for (const error of at.errors)
    if (isTold) input.warn(error.message())
    else input.place.errors.push(error)
}

interface Told {
  readonly detail: string
  readonly value: unknown
}

const reasons: ReadonlySet<string> = new Set(['FieldValueForbidden', 'FieldValueRequired', 'FieldValueDuplicate'])
const isReason = (reason: string | undefined): reason is FieldErrorReason => reason !== undefined && reasons.has(reason)

function tell(place: Place, reason: string | undefined, { detail, value }: Told): void {
  const shown = typeof value === 'object' ? omitted : value
  const kind = isReason(reason) ? reason : 'FieldValueInvalid'
  place.errors.push(new FieldError(kind, place.path(), { value: shown, detail }))
}

interface Message {
  readonly text: string
  /** Nothing more is evaluated. */
  readonly fatal: boolean
}

/** Undefined where the expression gives nothing that may be shown: then the rule's own message stands. */
function messageOf(
  program: Program,
  rule: ValidationRule,
  { input, variables }: { readonly input: RuleInput; readonly variables: Activation },
): Message | undefined {
  const { budget } = input
  const { value, cost } = program.evaluate(variables)
  const fatal = (text: string): Message => {
    budget.left = -1
    return { text, fatal: true }
  }
  if (cost > budget.left)
    return fatal(
      'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
    )
  if (value instanceof BudgetError)
    return fatal(
      `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.messageExpression)}`,
    )
  budget.left -= cost
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (text === '' || text.includes('\n') || Buffer.byteLength(text) > longestMessage) return undefined
  return { text, fatal: false }
}
