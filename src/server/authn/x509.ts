/** Client certificates: the common name is the user, organizations are groups. The TLS layer has verified the chain. */
import type { TLSSocket } from 'node:tls'
import { createHash } from 'node:crypto'
import type { User } from '#api/request.ts'
import { authenticatedUser } from './user.ts'

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

/** Kept per connection: the certificate of a socket never changes. null: looked, none. */
const known = new WeakMap<TLSSocket, User | null>()

/** @returns undefined without a verified client certificate, or with one that has no common name. */
export function certificateUser(socket: TLSSocket, now: number): User | undefined {
  const had = known.get(socket)
  if (had !== undefined) return had ?? undefined
  const user = read(socket, now)
  known.set(socket, user ?? null)
  return user
}

function read(socket: TLSSocket, now: number): User | undefined {
  if (!socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()?.toLegacyObject()
  if (certificate === undefined || Date.parse(certificate.valid_to) < now) return undefined
  const { CN, O } = certificate.subject as { CN?: string | string[]; O?: string | string[] }
  const [name] = list(CN)
  if (name === undefined || name === '') return undefined
  const id = createHash('sha256').update(certificate.raw).digest('hex')
  return authenticatedUser({
    name,
    groups: list(O),
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${id}`] },
    source: 'x509',
  })
}
