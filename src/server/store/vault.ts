/** What a store seals, and with what. */
import type { GroupResource } from '#api/metadata.ts'
import { Keyring } from './encryption.ts'

/** Which resources are sealed. */
export type Sealed = readonly GroupResource[] | 'all'

export const isSealed = (sealed: Sealed, resource: GroupResource): boolean =>
  sealed === 'all' || sealed.includes(resource)

export interface Vault {
  /** Absent where nothing is sealed. */
  readonly ring: Keyring | undefined
  readonly sealed: Sealed
}

/** What a vault is made from: it crosses to the threads. */
export interface VaultSettings {
  /** Master keys, the sealing one first; empty for none. */
  readonly keys: readonly Uint8Array[]
  readonly sealed: Sealed
}

export const makeVault = ({ keys, sealed }: VaultSettings): Vault => ({
  ring: keys.length > 0 ? new Keyring(keys) : undefined,
  sealed,
})

/** What a store's record says about which resources are sealed. */
export function sealedFrom(text: string): Sealed {
  const sealed: unknown = JSON.parse(text)
  return sealed === 'all' ? 'all' : Array.isArray(sealed) ? sealed.map(String) : []
}
