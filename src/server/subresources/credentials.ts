/** users/credentials: a certificate for a while, for a key that never leaves who asks. Whoever gives one could be that user. */
import { X509Certificate, createPublicKey } from 'node:crypto'
import { type BulwarkUser, type BulwarkUserCredential, credentialHeader } from '#kinds/facts/bulwark.ts'
import { timestamp } from '#base/clock.ts'
import { forbidden, invalid } from '#api/status.ts'
import { type FieldError, invalidValue, omitted, required } from '#api/validation.ts'
import { rightsToBe } from '#server/authn/impersonate.ts'
import type { Special, SpecialRequest } from '../outcome.ts'
import { get } from '../serve.ts'
import { admitPosted, made, posted } from './reading.ts'

export interface ClientSigning {
  readonly name: string
  readonly groups: readonly string[]
  /** PEM, SPKI. */
  readonly publicKey: string
  readonly seconds: number
}

/** @returns PEM of a client certificate. */
export type SignClient = (wanted: ClientSigning) => Promise<string>

const shortest = 600
const usual = 24 * 3600
const longest = 7 * 24 * 3600
const longestKey = 8 * 1024

/** @returns PEM of a key that a certificate may be for. */
function publicKeyOf(encoded: string, refuse: (error: FieldError) => never): string {
  const path = 'spec.publicKey'
  if (encoded === '') return refuse(required(path))
  try {
    if (encoded.length > longestKey) throw new RangeError('too long')
    const key = createPublicKey(Buffer.from(encoded, 'base64').toString('utf8'))
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
    const strong =
      (type === 'ec' && ['prime256v1', 'secp384r1'].includes(details?.namedCurve ?? '')) ||
      (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048 && (details?.modulusLength ?? 0) <= 8192)
    if (strong) return key.export({ type: 'spki', format: 'pem' }).toString()
  } catch {
    // The same answer for everything that is no such key.
  }
  return refuse(
    invalidValue(path, omitted, 'must be a public key of P-256, P-384, or RSA with 2048 bits or more, in PEM'),
  )
}

function secondsOf(seconds: number, refuse: (error: FieldError) => never): number {
  if (seconds < shortest || seconds > longest)
    return refuse(invalidValue('spec.expirationSeconds', seconds, `must be from ${shortest} to ${longest} seconds`))
  return seconds
}

/** @throws StatusError Forbidden */
async function mayBe({ permit, serving }: SpecialRequest, name: string, groups: readonly string[]): Promise<void> {
  for (const asked of rightsToBe(name, groups)) await serving.authorize(permit.user, asked)
}

export const credentials =
  (sign: SignClient): Special =>
  async special => {
    const body = posted<BulwarkUserCredential>(special, 'UserCredential')
    const { name, group } = special.permit
    const user = (await get(special.serving.registry, special)).object as BulwarkUser
    const { username = name, groups = [], disabled = false } = user.spec ?? {}
    const subject = { group, resource: 'users', name }
    if (disabled) throw forbidden(subject, 'the user is disabled')
    const refuse = (error: FieldError): never => {
      throw invalid({ group, resource: 'UserCredential', name }, [error])
    }
    const publicKey = publicKeyOf(body.spec?.publicKey ?? '', refuse)
    const seconds = secondsOf(body.spec?.expirationSeconds ?? usual, refuse)
    await mayBe(special, username, groups)
    await admitPosted(special, body)
    const pem = await sign({ name: username, groups, publicKey, seconds })
    const certificate = new X509Certificate(pem)
    return made({
      kind: credentialHeader.kind,
      apiVersion: credentialHeader.apiVersion,
      metadata: { name, creationTimestamp: timestamp(special.serving.registry.clock.now()) },
      spec: { publicKey: body.spec?.publicKey ?? '', expirationSeconds: seconds },
      status: {
        certificate: Buffer.from(pem).toString('base64'),
        serialNumber: certificate.serialNumber,
        expirationTimestamp: timestamp(Date.parse(certificate.validTo)),
      },
    })
  }
