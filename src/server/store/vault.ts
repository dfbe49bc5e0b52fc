/** What a store seals, and with what. */
import type { GroupResource } from '#api/metadata.ts'
import { Keyring } from './encryption.ts'
import { Providers, type Rule } from './providers/providers.ts'
import { Tally, type TallyMemory, type Thread } from './tally.ts'

/** Which resources are sealed. */
export type Sealed = readonly GroupResource[] | 'all'

export const isSealed = (sealed: Sealed, resource: GroupResource): boolean =>
  sealed === 'all' || sealed.includes(resource)

export interface Vault {
  /** Absent where nothing is sealed. */
  readonly ring: Keyring | undefined
  readonly sealed: Sealed
  /** What seals in place of the ring where a configuration says so; never without a ring. */
  readonly providers?: Providers | undefined
  /** Where it is counted what is sealed and opened. */
  readonly tally?: Tally | undefined
}

/** What a vault is made from: it crosses to the threads. */
export interface VaultSettings {
  /** Master keys, the sealing one first; empty for none. */
  readonly keys: readonly Uint8Array[]
  readonly sealed: Sealed
  /** Of an EncryptionConfiguration; needs keys. */
  readonly rules?: readonly Rule[]
  /** Where it is counted what is sealed and opened. */
  readonly tally?: TallyMemory | undefined
}

export const makeVault = ({ keys, sealed, rules = [], tally }: VaultSettings, thread: Thread = 'main'): Vault => ({
  ring: keys.length > 0 ? new Keyring(keys) : undefined,
  sealed,
  providers: rules.length > 0 && keys.length > 0 ? new Providers(rules, Date.now) : undefined,
  tally: tally === undefined ? undefined : new Tally(tally, thread),
})

/** What a store's record says about which resources are sealed. */
export function sealedFrom(text: string): Sealed {
  const sealed: unknown = JSON.parse(text)
  return sealed === 'all' ? 'all' : Array.isArray(sealed) ? sealed.map(String) : []
}
