/** Certificates for people, by the cluster's own authority. */
import type { Clock } from '#base/clock.ts'
import type { KeyPair } from '#pki/issue.ts'
import type { SignClient } from '#server/subresources/credentials.ts'

const day = 24 * 3600

export const clientSigner =
  (authority: KeyPair, clock: Clock): SignClient =>
  async ({ name, groups, publicKey, seconds }) => {
    // What issues certificates is slow to load, and rarely needed.
    const { certify } = await import('#pki/issue.ts')
    return certify(authority, { leaf: { name, groups, use: 'client', days: seconds / day }, publicKey }, clock.now())
  }
