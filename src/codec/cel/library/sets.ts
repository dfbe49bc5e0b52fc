/** Lists as sets. */
import { equal } from '../compare.ts'
import { add, fixed, multiply, scale, sizeOf } from '../cost.ts'
import { fn, list } from '../define.ts'
import type { Library } from '../define.ts'
import { boolType } from '../types.ts'
import type { CelList } from '../values.ts'

const holdsAll = (whole: CelList, part: CelList): boolean => {
  const items = whole.items()
  return part.items().every(item => items.some(other => equal(item, other)))
}

const intersects = (a: CelList, b: CelList): boolean => {
  const items = b.items()
  return a.items().some(item => items.some(other => equal(item, other)))
}

const define = (name: string, factor: number, run: (a: CelList, b: CelList) => boolean) =>
  fn(`sets.${name}`, [list(), list()], {
    gives: boolType,
    run,
    cost: ([a = null, b = null]) => 1 + Math.floor(sizeOf(a) * sizeOf(b) * factor),
    estimate: sizes => ({ cost: add(scale(multiply(sizes.of(0), sizes.of(1)), factor), fixed(1)) }),
  })

export const sets: Library = {
  overloads: [
    define('contains', 1, holdsAll),
    define('intersects', 1, intersects),
    define('equivalent', 2, (a, b) => holdsAll(a, b) && holdsAll(b, a)),
  ],
}
