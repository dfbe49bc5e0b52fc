/** Numbers that look random and are the same for the same seed. */
import { seeded } from '#base/seeded.ts'

export interface Random {
  /** 0 ≤ number < below; 0 for a bound of 0. */
  below(bound: number): number
  /** True once in so many times. */
  oneIn(times: number): boolean
  /** @throws RangeError for an empty list. */
  pick<T>(list: readonly T[]): T
}

export function makeRandom(seed: number): Random {
  const next = seeded(seed)
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    below,
    oneIn: times => below(times) === 0,
    pick: list => {
      if (list.length === 0) throw new RangeError('nothing to pick from')
      return list[below(list.length)] as (typeof list)[number]
    },
  }
}
