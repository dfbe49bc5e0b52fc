/**
 * So many calls of the runtime at a time, the others in turns: beyond what its processors can do at once, more calls under way
 * only make each of them slower. What ends a pod's start goes before what begins another's.
 */
export interface Turns {
  run<T>(rank: 'first' | 'later', work: () => Promise<T>): Promise<T>
}

/** @param most calls under way */
export function makeTurns(most: number): Turns {
  const waiting: Record<'first' | 'later', (() => void)[]> = { first: [], later: [] }
  let underWay = 0
  const leave = (): void => {
    const next = waiting.first.shift() ?? waiting.later.shift()
    if (next === undefined) underWay--
    else next()
  }
  return {
    run: async (rank, work) => {
      if (underWay < most) underWay++
      else await new Promise<void>(resolve => waiting[rank].push(resolve))
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
