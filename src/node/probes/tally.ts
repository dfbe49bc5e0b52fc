/** Turns a row of checks into a probe's result. */
import type { Probe } from '#kinds/facts/generated/types/core_v1.ts'

export interface Tally {
  /** How many in a row had the same outcome. */
  readonly run: number
  readonly last?: boolean
  /** Undefined until a threshold is reached. */
  readonly result?: boolean
}

export const noTally: Tally = { run: 0 }

export function count(tally: Tally, outcome: boolean, probe: Probe): Tally {
  const run = tally.last === outcome ? tally.run + 1 : 1
  const threshold = outcome ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
  const result = run >= threshold ? outcome : tally.result
  return { run, last: outcome, ...(result === undefined ? {} : { result }) }
}
