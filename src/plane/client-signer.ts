/** Certificates for people and for whoever asks with a request, by the cluster's own authority. */
import type { Clock } from '#base/clock.ts'
import type { SignCertificate } from '#controllers/certificates/signing.ts'
import type { SignClient } from '#server/subresources/credentials.ts'
import type { SharedKeys } from './keys.ts'

const day = 24 * 3600

/** @param keys authorities take turns: asked each time */
export const clientSigner =
  (keys: SharedKeys, clock: Clock): SignClient =>
  async ({ name, groups, publicKey, seconds }) => {
    // What issues certificates is slow to load, and rarely needed.
    const { certify } = await import('#pki/issue.ts')
    const leaf = { name, groups, use: 'client', days: seconds / day } as const
    return certify(keys.authority, { leaf, publicKey }, clock.now())
  }

/** Of the arcs that X.520 gives attributes, 2.5.4: the only ones that are signed. */
function identifier(hexadecimal: string): string {
  const [first = 0, ...rest] = Buffer.from(hexadecimal, 'hex')
  return [Math.floor(first / 40), first % 40, ...rest].join('.')
}

export const requestSigner =
  (keys: SharedKeys, clock: Clock): SignCertificate =>
  async ({ subject, ...wanted }) => {
    const { signRequest } = await import('#pki/sign-request.ts')
    const named = subject.map(({ type, value }) => ({ id: identifier(type), value }))
    return signRequest(keys.authority, { ...wanted, subject: named }, clock.now())
  }
