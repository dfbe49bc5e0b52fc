/** What the expressions of a policy that validates say. */
import type { Reason } from '#api/status.ts'
import { longestMessage, perObjectBudget } from '#codec/cel/limits.ts'
import { type Expression, gives } from '#codec/cel/policy.ts'
import type { ValidatingAdmissionPolicy as Policy } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { type Common, compileCommon, remembered } from './compiled.ts'
import { type Budget, OutOfBudget, type Scope, type Turns, evaluate, evaluateEach } from './evaluate.ts'

interface Rule {
  readonly check: Expression
  readonly message: Expression | undefined
  /** Without an expression that gives one. */
  readonly plain: string
  readonly reason: Reason
}

interface Compiled extends Common {
  readonly rules: readonly Rule[]
  readonly annotations: readonly { readonly key: string; readonly value: Expression }[]
}

const reasons: Readonly<Record<string, Reason>> = {
  Forbidden: 'Forbidden',
  Unauthorized: 'Unauthorized',
  RequestEntityTooLarge: 'RequestEntityTooLarge',
}
const reasonOf = (text = ''): Reason => (Object.hasOwn(reasons, text) ? (reasons[text] ?? 'Invalid') : 'Invalid')

export const compiledPolicy = remembered(({ spec }: Policy): Compiled => {
  const common = compileCommon(spec)
  const { compiler } = common
  return {
    ...common,
    rules: (spec.validations ?? []).map(({ expression, message = '', messageExpression = '', reason }) => ({
      check: compiler.compile(expression, { returns: gives.condition }),
      message:
        messageExpression === ''
          ? undefined
          : compiler.compile(messageExpression, { returns: gives.message, authorizer: false }),
      plain: message === '' ? `failed expression: ${expression.trim()}` : message.trim(),
      reason: reasonOf(reason),
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      value: compiler.compile(valueExpression, { returns: gives.annotation }),
    })),
  }
})

/** What a policy has against a request. */
export interface Refusal {
  readonly message: string
  readonly reason: Reason
  /** It could not be evaluated. */
  readonly failed?: boolean
}

interface Ruling extends Turns {
  /** Whether what cannot be evaluated refuses. */
  readonly strict: boolean
}

/** One for each rule; a single one when nothing more could be evaluated. */
export async function verdicts(
  rules: readonly Rule[],
  { scope, breaks, strict }: Ruling,
): Promise<readonly (Refusal | undefined)[]> {
  const error = (message: string): Refusal | undefined =>
    strict ? { message, reason: 'Invalid', failed: true } : undefined
  const budget: Budget = { left: perObjectBudget }
  try {
    const checks = rules.map(rule => rule.check)
    const outcomes = await evaluateEach(checks, scope(budget), breaks)
    const saying = scope(budget)
    return outcomes.map((outcome, index): Refusal | undefined => {
      const rule = rules[index]
      if ('error' in outcome) return error(outcome.error)
      if (outcome.value === true || rule === undefined) return undefined
      const message = messageOf(rule, saying)
      return message === undefined
        ? error(`failed messageExpression: ${new OutOfBudget().message}`)
        : { message, reason: rule.reason }
    })
  } catch (failed) {
    if (failed instanceof OutOfBudget) return [error(failed.message)]
    throw failed
  }
}

/** Undefined when the budget is used up. */
function messageOf({ message, plain }: Rule, scope: Scope): string | undefined {
  if (message === undefined) return plain
  try {
    const outcome = evaluate(message, scope)
    if ('error' in outcome || typeof outcome.value !== 'string') return plain
    const text = outcome.value.trim()
    return text === '' || text.includes('\n') || Buffer.byteLength(text) > longestMessage ? plain : text
  } catch (error) {
    if (error instanceof OutOfBudget) return undefined
    throw error
  }
}

export interface Noting extends Turns {
  readonly add: (key: string, value: string) => void
  /** @param always whatever the policy says of failures. */
  readonly failed: (message: string, always: boolean) => void
}

const longestNote = 10 * 1024

export async function annotate({ annotations }: Compiled, { scope, breaks, add, failed }: Noting): Promise<void> {
  if (annotations.length === 0) return
  try {
    const values = annotations.map(one => one.value)
    const outcomes = await evaluateEach(values, scope({ left: perObjectBudget }), breaks)
    for (const [index, outcome] of outcomes.entries()) {
      const key = annotations[index]?.key ?? ''
      if ('error' in outcome) failed(outcome.error, false)
      else if (typeof outcome.value === 'string') {
        const text = outcome.value.trim()
        if (text !== '') add(key, Buffer.from(text).subarray(0, longestNote).toString())
      } else if (outcome.value !== null)
        failed(
          `valueExpression '${values[index]?.source ?? ''}' resulted in unsupported return type. Return type must be either string or null.`,
          true,
        )
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
    failed(error.message, false)
  }
}
