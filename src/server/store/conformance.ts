/** What every store must do, whatever it writes to. */
import { suite } from 'node:test'
import type { Open } from './conformance/harness.ts'
import { expiry, reads } from './conformance/reads.ts'
import { beyondMemory, watches } from './conformance/watches.ts'
import { batches, writes } from './conformance/writes.ts'

export interface Ability {
  /** History outlives the memory's window. */
  readonly history: boolean
  /** Elsewhere is decided what becomes durable, in what order, and what time it is for keys with a time to live. */
  readonly remote?: boolean
}

/** Registers the cases under `name`; `open` is called once a case. */
export function storeConformance(name: string, open: Open, ability: Ability): void {
  suite(`store: ${name}`, () => {
    writes(open)
    reads(open)
    watches(open)
    if (ability.history) beyondMemory(open)
    if (ability.remote === true) return
    batches(open)
    expiry(open)
  })
}
