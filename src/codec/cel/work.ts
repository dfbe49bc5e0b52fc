/**
 * A bound on what the cost model does not see: comparing, joining and building of values that share their parts can
 * take time exponential in an expression's size. Evaluation is synchronous, so the counter is the module's.
 */
export class WorkExceeded extends Error {}

const mostWork = 5_000_000
let left = mostWork
let depth = 0

/** Counts within `withWork` alone. A unit is some 30 ns. @throws WorkExceeded */
export function spend(units: number): void {
  if (depth === 0) return
  left -= units
  if (left < 0) throw new WorkExceeded('work limit exceeded')
}

/** Runs with a fresh allowance; what runs within a run shares the outer one's. */
export function withWork<T>(run: () => T): T {
  if (depth === 0) left = mostWork
  depth++
  try {
    return run()
  } finally {
    depth--
  }
}
