/** Ours and the floor, loaded in turns, so that a busy moment of the machine meets both. */
import type { Job, Result } from './load.ts'
import { runLoad } from './processes.ts'
import { scale } from './scale.ts'

export interface Pair<T> {
  readonly ours: T
  readonly floor: T
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Runs a load of which every request must succeed. */
export async function done(job: Job): Promise<Result> {
  const result = await runLoad(job)
  if (result.failed > 0)
    throw new Error(
      `${result.failed} of ${result.requests} requests failed: ${job.method} ${job.path}\n${result.failure}`,
    )
  return result
}

/** The median of several turns. Each job is made anew for each turn. */
export async function inTurns(jobs: Pair<() => Job>, of: (result: Result) => number): Promise<Pair<number>> {
  const [ours, floor]: [number[], number[]] = [[], []]
  for (let turn = 0; turn < scale.turns; turn++) {
    ours.push(of(await done(jobs.ours())))
    floor.push(of(await done(jobs.floor())))
  }
  return { ours: median(ours), floor: median(floor) }
}

export const perSecond = ({ perSecond: value }: Result): number => value
export const bytesPerSecond = ({ bytesPerSecond: value }: Result): number => value
