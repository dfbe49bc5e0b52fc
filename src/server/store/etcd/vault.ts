/** What the values in etcd are sealed with: servers of a store come to agree upon more while they run. */
import type { Keyring } from '../encryption.ts'
import type { Providers } from '../providers/providers.ts'
import { makeVault, type Sealed, type Vault, type VaultSettings } from '../vault.ts'

/** A vault that can come to seal more, and otherwise. */
export class EtcdVault implements Vault {
  ring: Keyring | undefined
  sealed: Sealed
  providers: Providers | undefined
  /** What it was made from; absent where nothing is sealed. */
  settings: VaultSettings | undefined

  constructor(ring: Keyring | undefined, sealed: Sealed) {
    this.ring = ring
    this.sealed = sealed
  }

  /** What is sealed stays so. */
  use(settings: VaultSettings): void {
    const { ring, providers } = makeVault(settings)
    this.settings = settings
    this.ring = ring
    this.providers = providers
  }
}
