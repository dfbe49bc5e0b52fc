/** Client certificates: the common name is the user, organizations are groups. The TLS layer has verified the chain. */
import type { TLSSocket } from 'node:tls'
import { createHash } from 'node:crypto'
import type { User } from '#api/request.ts'
import { authenticatedUser } from './user.ts'

export const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

interface Shown {
  readonly user: User
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** Kept per connection: the certificate of a socket never changes, but its time runs out. null: looked, none. */
const known = new WeakMap<TLSSocket, Shown | null>()

/**
 * To be called only for sockets whose certificate is not of the front proxy's authority.
 * @returns undefined without a verified client certificate, or with one that has no common name.
 */
export function certificateUser(socket: TLSSocket, now: number): User | undefined {
  const had = known.get(socket)
  const shown = had === undefined ? read(socket) : (had ?? undefined)
  if (had === undefined) known.set(socket, shown ?? null)
  return shown === undefined || shown.until < now ? undefined : shown.user
}

function read(socket: TLSSocket): Shown | undefined {
  if (!socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()?.toLegacyObject()
  const until = Date.parse(certificate?.valid_to ?? '')
  if (certificate === undefined || Number.isNaN(until)) return undefined
  const { CN, O } = certificate.subject as { CN?: string | string[]; O?: string | string[] }
  const [name] = list(CN)
  if (name === undefined || name === '') return undefined
  const id = createHash('sha256').update(certificate.raw).digest('hex')
  const user = authenticatedUser({
    name,
    groups: list(O),
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${id}`] },
    source: 'x509',
  })
  return { user, until }
}

export interface CertificateNumber {
  /** Hexadecimal digits in upper case, without leading zeros. */
  readonly serial: string
  /** Common name of who signed it. */
  readonly issuer: string
}

const numbers = new WeakMap<TLSSocket, CertificateNumber | null>()

/** Of the client's certificate, whoever signed it. */
export function numberOf(socket: TLSSocket): CertificateNumber | undefined {
  const had = numbers.get(socket)
  if (had !== undefined) return had ?? undefined
  const certificate = socket.getPeerX509Certificate()
  const { CN } = (certificate?.toLegacyObject().issuer ?? {}) as { CN?: string | string[] }
  const number =
    certificate === undefined
      ? undefined
      : { serial: certificate.serialNumber.replace(/^0+/, '').toUpperCase(), issuer: list(CN)[0] ?? '' }
  numbers.set(socket, number ?? null)
  return number
}
