/** Expressions in, programs out: the door to this folder. */
import { check } from './checker.ts'
import type { Range } from './cost.ts'
import type { Environment } from './environment.ts'
import { estimateCost } from './estimate.ts'
import { BudgetExceeded } from './frame.ts'
import type { Activation } from './frame.ts'
import { formatIssues } from './issues.ts'
import type { Issue } from './issues.ts'
import { perCallLimit } from './limits.ts'
import { checkLiterals } from './literals-check.ts'
import { parse } from './parser.ts'
import { plan } from './plan.ts'
import type { Plan } from './plan.ts'
import { dynType } from './types.ts'
import type { CelType } from './types.ts'
import { CelError } from './values.ts'
import type { Result } from './values.ts'
import { WorkExceeded, withWork } from './work.ts'

export interface Evaluation {
  /** A `CelError` when the expression failed, a `BudgetError` when it was stopped. */
  readonly value: Result
  /** What was spent, in upstream's units. */
  readonly cost: number
}

/** The evaluation was stopped: the budget was used up, or it did more than any expression may. */
export class BudgetError extends CelError {}

export interface Program {
  /** Of the value that it gives, `dyn` where that is not known before. */
  readonly type: CelType
  /**
   * Throws only what a variable's function throws. Variables that the environment declares and `variables` lacks are errors where they are used.
   * `budget` is in upstream's cost units, `perCallLimit` when it is not given.
   */
  evaluate(variables: Activation, options?: { readonly budget?: number }): Evaluation
}

export type Compiled =
  | {
      readonly ok: true
      readonly program: Program
      readonly type: CelType
      /** The names of the environment's variables that it uses. */
      readonly uses: ReadonlySet<string>
      /** The least and the most that a run may cost; variables' types carry the bounds of their schemas. */
      readonly cost: () => Range
    }
  | {
      readonly ok: false
      readonly issues: readonly Issue[]
      /** The issues as upstream shows them. */
      readonly text: string
    }

class Planned implements Program {
  readonly type: CelType
  readonly #plan: Plan

  constructor(type: CelType, planned: Plan) {
    this.type = type
    this.#plan = planned
  }

  evaluate(activation: Activation, { budget = perCallLimit } = {}): Evaluation {
    const frame = {
      activation,
      slots: Array.from({ length: this.#plan.slots }, (): Result => null),
      limit: budget,
      cost: 0,
    }
    try {
      return { value: withWork(() => this.#plan.step(frame)), cost: frame.cost }
    } catch (error) {
      if (error instanceof BudgetExceeded || error instanceof WorkExceeded)
        return { value: new BudgetError(error.message), cost: frame.cost }
      // The engine's own limits: a text too long, a value too deep.
      if (error instanceof RangeError)
        return { value: new BudgetError('operation cancelled: a value is too large'), cost: frame.cost }
      throw error
    }
  }
}

/** Parses, checks and plans. Takes time linear in the text, which may have 100,000 characters. Never throws. */
export function compile(source: string, environment: Environment): Compiled {
  const parsed = parse(source, environment.macros)
  if (!parsed.ok) return { ok: false, issues: parsed.issues, text: formatIssues(source, parsed.issues) }
  const { expression } = parsed
  const checked = check(expression, environment)
  const { type } = checked
  const lenient = checked.issues.length > 0 || !environment.strict
  const issues = lenient ? checked.issues : checkLiterals(expression)
  if (issues.length > 0) return { ok: false, issues, text: formatIssues(source, issues) }
  return {
    ok: true,
    type,
    program: new Planned(type, plan(expression, checked, environment)),
    uses: new Set(checked.names.values()),
    cost: () => estimateCost(expression, checked, environment.variables),
  }
}

/** What the checker finds wrong shows only when it runs. Undefined when it does not even parse. */
export function compileUnchecked(source: string, environment: Environment): Program | undefined {
  const parsed = parse(source, environment.macros)
  if (!parsed.ok) return undefined
  return new Planned(dynType, plan(parsed.expression, check(parsed.expression, environment), environment))
}
