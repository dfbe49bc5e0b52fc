/** Seeds of plugins that values carry are opened before the values are. */
import type { FoundSeed, Unseal } from '../changing.ts'
import { isProvided } from '../providers/providers.ts'
import { foundName, seedOf } from '../sqlite/surveying.ts'
import type { EtcdVault } from './vault.ts'

/** Has plugins open what these values carry and is not known yet, until it is done or nobody waits any more. */
export class SeedsAhead {
  readonly #vault: EtcdVault
  readonly #unseal: Unseal | undefined

  constructor(vault: EtcdVault, unseal: Unseal | undefined) {
    this.#vault = vault
    this.#unseal = unseal
  }

  /** Undefined where there is nothing to wait for. Rejects where a plugin does not open a seed. */
  missing(values: Iterable<Uint8Array>): Promise<void> | undefined {
    const { providers, settings } = this.#vault
    const unseal = this.#unseal
    if (providers === undefined || unseal === undefined || settings === undefined) return undefined
    const found = new Map<string, FoundSeed>()
    for (const value of values) {
      const seed = isProvided(value) && providers.lacks(value) ? seedOf(value) : undefined
      if (seed !== undefined) found.set(foundName(seed), seed)
    }
    if (found.size === 0) return undefined
    // What seals may have changed since.
    return unseal([...found.values()]).then(rules => this.#vault.use({ ...(this.#vault.settings ?? settings), rules }))
  }
}
