/** What every store must do, whatever it writes to. */
import { suite } from 'node:test'
import type { Open } from './conformance/harness.ts'
import { reads } from './conformance/reads.ts'
import { beyondMemory, watches } from './conformance/watches.ts'
import { writes } from './conformance/writes.ts'

export interface Ability {
  /** History outlives the memory's window. */
  readonly history: boolean
}

/** Registers the cases under `name`; `open` is called once a case. */
export function storeConformance(name: string, open: Open, ability: Ability): void {
  suite(`store: ${name}`, () => {
    writes(open)
    reads(open)
    watches(open)
    if (ability.history) beyondMemory(open)
  })
}
