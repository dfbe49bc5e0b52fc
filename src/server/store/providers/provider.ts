/** One way to seal that a configuration names; its values look as upstream's API server writes them. */

/** Nothing can be sealed this way now. The message says why. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable'
}

export interface Provider {
  /** What its values begin with; those of another key of the same kind begin differently. */
  readonly prefix: Buffer
  /** The same as text. */
  readonly title: string
  /** Of a plugin's key: the one that seals now. */
  readonly keyId?: string | undefined
  /** And the one that sealed this. */
  keyOf?(body: Uint8Array): string | undefined
  /** The whole value, with its prefix. @param aad path of the key. @throws ProviderUnavailable */
  seal(plain: Uint8Array, aad: Uint8Array): Uint8Array
  /** @param body without the prefix. @returns undefined where it is not what was sealed, or cannot be opened now */
  open(body: Uint8Array, aad: Uint8Array): Uint8Array | undefined
  /** It opens, but would be written differently today. */
  stale(body: Uint8Array): boolean
  /** Why nothing can be sealed now. */
  unavailable?(): string | undefined
  /** Something must be asked for before it opens. */
  lacks?(body: Uint8Array): boolean
}
