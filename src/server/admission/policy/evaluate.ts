/** Expressions of one policy on one request: with variables that are worked out when they are wanted, within a budget. */
import type { Breaks } from '#base/breaks.ts'
import type { KObject } from '#api/metadata.ts'
import { namespaceType, requestType } from '#codec/cel/admission.ts'
import { BudgetError } from '#codec/cel/compile.ts'
import type { Activation } from '#codec/cel/frame.ts'
import { LazyObject, fromJson } from '#codec/cel/json.ts'
import { Authorizer, ResourceCheck } from '#codec/cel/library/authorizer.ts'
import { matchConditionsBudget, perCallLimit } from '#codec/cel/limits.ts'
import type { Expression } from '#codec/cel/policy.ts'
import type { CelType } from '#codec/cel/types.ts'
import { CelError, type Result, type Value, isError } from '#codec/cel/values.ts'
import type { Authorizer as Authorizes } from '#server/authz/authorize.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { decide } from '../webhook/cel-conditions.ts'
import type { Match } from '../webhook/match.ts'
import { requestPart } from '../webhook/review.ts'

/** What expressions are about. Objects in the version that was matched. */
export interface Subject {
  readonly match: Match
  readonly request: AdmissionRequest
  readonly object: object | null
  readonly old: object | null
  readonly namespace: KObject | undefined
  readonly params: KObject | undefined
}

export interface Variables {
  readonly type: CelType
  readonly expressions: ReadonlyMap<string, Expression>
}

export interface Budget {
  left: number
}

/** Nothing more of this policy is evaluated. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
  }
}

export interface Scope {
  readonly values: Activation
  readonly budget: Budget
  /** By variables, since it was last taken from the budget. */
  readonly spent: { cost: number }
}

/** The variables' values are kept for as long as the scope lives. */
export function scopeOf(
  authorizers: readonly Authorizes[],
  subject: Subject,
  { variables, budget }: { readonly variables: Variables; readonly budget: Budget },
): Scope {
  const { match, request, object, old, namespace, params } = subject
  const authorizer = new Authorizer(question => decide(authorizers, request, question))
  const { group, resource, subresource, namespace: place, name } = request.permit
  const own = { group, resource, ...(subresource === '' ? {} : { subresource }), namespace: place, name }
  const spent = { cost: 0 }
  const values = new Map<string, Result | (() => Result)>([
    ['object', () => fromJson(object)],
    ['oldObject', () => fromJson(old)],
    ['namespaceObject', () => fromJson(namespace ?? null, namespaceType)],
    ['params', () => fromJson(params ?? null)],
    ['request', () => fromJson(requestPart(match, request), requestType)],
    ['authorizer', authorizer],
    ['authorizer.requestResource', new ResourceCheck(authorizer, own)],
  ])
  const scope = { values, budget, spent }
  const lazy = Array.from(variables.expressions, ([variable, expression]): [string, () => Result] => [
    variable,
    () => valueOf(variable, expression, scope),
  ])
  values.set('variables', new LazyObject(new Map(lazy), variables.type))
  return scope
}

/** Of variables that use each other, each adds to what went wrong. */
const longestError = 2048

function valueOf(name: string, expression: Expression, { values, spent, budget }: Scope): Result {
  const called = JSON.stringify(name)
  if (!expression.ok) return new CelError(`composited variable ${called} fails to compile: ${expression.error}`)
  const left = Math.max(0, Math.min(budget.left - spent.cost, perCallLimit))
  const { value, cost } = expression.program.evaluate(values, { budget: left })
  spent.cost += cost
  if (!isError(value)) return value
  return new CelError(`composited variable ${called} fails to evaluate: ${value.message}`.slice(0, longestError))
}

export type Outcome = { readonly value: Value } | { readonly error: string }

/** @throws OutOfBudget */
export function evaluate(expression: Expression, { values, budget, spent }: Scope): Outcome {
  if (!expression.ok) return { error: `compilation error: ${expression.error}` }
  const { value, cost } = expression.program.evaluate(values, { budget: Math.min(budget.left, perCallLimit) })
  budget.left -= cost + spent.cost
  spent.cost = 0
  if (budget.left < 0 || (value instanceof BudgetError && budget.left === 0)) throw new OutOfBudget()
  if (!isError(value)) return { value }
  return { error: `expression '${expression.source}' resulted in error: ${value.message}` }
}

/** All of them, one after the other. @throws OutOfBudget */
export async function evaluateEach(
  expressions: readonly Expression[],
  scope: Scope,
  breaks: Breaks,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const expression of expressions) {
    const { left } = scope.budget
    outcomes.push(evaluate(expression, scope))
    const waiting = breaks.after(left - scope.budget.left)
    if (waiting !== undefined) await waiting
  }
  return outcomes
}

export interface Turns {
  readonly scope: (budget: Budget) => Scope
  readonly breaks: Breaks
}

/** All hold, one does not, or why that cannot be said. */
export async function conditionsHold(
  conditions: readonly Expression[],
  { scope, breaks }: Turns,
): Promise<boolean | { readonly error: string }> {
  if (conditions.length === 0) return true
  try {
    const outcomes = await evaluateEach(conditions, scope({ left: matchConditionsBudget }), breaks)
    if (outcomes.some(outcome => 'value' in outcome && outcome.value === false)) return false
    const errors = new Set(outcomes.flatMap(outcome => ('error' in outcome ? outcome.error : [])))
    const [first] = errors
    if (first === undefined) return true
    return { error: errors.size === 1 ? first : `[${[...errors].join(', ')}]` }
  } catch (error) {
    if (error instanceof OutOfBudget) return { error: error.message }
    throw error
  }
}
