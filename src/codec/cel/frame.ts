/** What one evaluation carries along. */
import type { Result } from './values.ts'

/** Variables by name; a function is called when the variable is first wanted, and must give the same value each time. */
export type Activation = ReadonlyMap<string, Result | (() => Result)>

export interface Frame {
  readonly activation: Activation
  /** Variables of loops and bindings, at places that the plan assigned. */
  readonly slots: Result[]
  readonly limit: number
  cost: number
}

export type Step = (frame: Frame) => Result

export class BudgetExceeded extends Error {}

/** @throws BudgetExceeded */
export function charge(frame: Frame, cost: number): void {
  frame.cost += cost
  if (frame.cost > frame.limit) throw new BudgetExceeded('operation cancelled: actual cost limit exceeded')
}
