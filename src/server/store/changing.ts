/** Changing what a store seals with while it runs, and bringing what is kept up to it. */
import type { SealedSeed } from './providers/seeds.ts'
import type { VaultSettings } from './vault.ts'
import type { Rule } from './providers/providers.ts'

/** A seed that a plugin sealed, as a value carries it. */
export interface FoundSeed {
  /** Name of the plugin in the configuration. */
  readonly provider: string
  readonly seed: SealedSeed
}

/** Has plugins open seeds, and gives the rules with them in it. Rejects where one cannot be opened. */
export type Unseal = (found: readonly FoundSeed[]) => Promise<readonly Rule[]>

export interface Survey {
  /** How many values each key sealed: `bulwark:NAME` for a master key, what the value begins with for a provider. */
  readonly counts: ReadonlyMap<string, number>
  /** How many of them would be sealed differently today. */
  readonly stale: number
  /** Names (`bulwark:NAME`) of the master keys without which some value does not open: also what a provider sealed is signed. */
  readonly masters: ReadonlySet<string>
  readonly seeds: readonly FoundSeed[]
}

export interface Rewritten {
  /** Where to go on; undefined when all has been looked at. */
  readonly next: string | undefined
  readonly rewritten: number
}

export interface StoreEncryption {
  /** Name (`bulwark:NAME`) of the master key that seals: the first that was given, or one that another server made the first. */
  sealing(): string
  /** From now on values are sealed so. What is kept must open with it. */
  use(settings: VaultSettings): Promise<void>
  survey(): Promise<Survey>
  /** Seals anew what would be sealed differently today, at most so many. Start with '', go on with `next`. */
  rewrite(from: string, most: number): Promise<Rewritten>
}
