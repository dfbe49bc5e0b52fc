/** A store that keeps nothing beyond its process: for tests, simulations and startCluster(). */
import type { Store } from './contract.ts'
import { CoreStore, type CoreOptions } from './core.ts'
import type { Journal } from './journal.ts'

const forgetful: Journal = {
  gather: () => 0,
  flush: () => Promise.resolve(undefined),
  discard: () => undefined,
  compact: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

export interface MemoryOptions extends CoreOptions {
  /** Stands between the store and its journal; conformance tests delay and fail writes with it. */
  readonly through?: (journal: Journal) => Journal
}

/** History beyond the window is gone at once: `oldest` rises with it. */
export function openMemoryStore(options: MemoryOptions): Store {
  const journal = options.through?.(forgetful) ?? forgetful
  return new CoreStore({
    options,
    journal,
    loaded: { revision: 1, oldest: 1, trees: new Map() },
    window: { changes: 100_000, bytes: Infinity },
  })
}
