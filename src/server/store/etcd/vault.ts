/** What the values in etcd are sealed with: servers of a store come to agree upon more while they run. */
import { Keyring } from '../encryption.ts'
import type { Tally } from '../tally.ts'
import type { Providers } from '../providers/providers.ts'
import { makeVault, type Sealed, type Vault, type VaultSettings } from '../vault.ts'

/** A vault that can come to seal more, and otherwise. */
export class EtcdVault implements Vault {
  ring: Keyring | undefined
  sealed: Sealed
  providers: Providers | undefined
  /** What it was made from; absent where nothing is sealed. */
  settings: VaultSettings | undefined

  readonly tally: Tally | undefined

  constructor(ring: Keyring | undefined, sealed: Sealed, tally?: Tally) {
    this.ring = ring
    this.sealed = sealed
    this.tally = tally
  }

  /** What is sealed stays so. */
  use(settings: VaultSettings): void {
    const { ring, providers } = makeVault(settings)
    this.settings = settings
    this.ring = ring
    this.providers = providers
  }

  /**
   * Of several master keys that one seals from now on under which this was sealed: servers agree upon it, however each has
   * them in its file. @returns whether that is another one than before
   */
  follow(sealed: Uint8Array): boolean {
    if (this.settings === undefined || this.ring?.isCurrent(sealed) !== false) return false
    const { keys } = this.settings
    const first = keys.find(key => new Keyring([key]).isCurrent(sealed))
    if (first === undefined) return false
    this.use({ ...this.settings, keys: [first, ...keys.filter(key => key !== first)] })
    return true
  }
}
