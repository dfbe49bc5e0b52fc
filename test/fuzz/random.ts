/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** 0 ≤ number < below; 0 for a bound of 0. */
  below(bound: number): number
  /** True once in so many times. */
  oneIn(times: number): boolean
  /** @throws RangeError for an empty list. */
  pick<T>(list: readonly T[]): T
}

export function makeRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
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
