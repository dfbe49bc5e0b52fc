/** What etcd's errors mean to us. They are told apart by gRPC's code, and by etcd's words where one code has several meanings. */
import { Code, ConnectError } from '@connectrpc/connect'

export type Trouble =
  /** The quota of the database is used up. */
  | 'full'
  /** Never accepted as it is: too large, too many operations. */
  | 'refused'
  /** The credentials are not good enough. */
  | 'denied'
  | 'compacted'
  /** The lease that was named is over. */
  | 'lease'
  /** One side does not accept the other's certificate; nothing was sent. */
  | 'distrusted'
  /** Nobody knows what became of the request. */
  | 'unreachable'

export function troubleOf(error: unknown): Trouble {
  const { code, rawMessage } = ConnectError.from(error)
  switch (code) {
    case Code.ResourceExhausted:
      if (rawMessage.includes('space exceeded')) return 'full'
      return rawMessage.includes('too many requests') ? 'unreachable' : 'refused'
    case Code.InvalidArgument:
    case Code.Unimplemented:
      return 'refused'
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      return 'denied'
    case Code.OutOfRange:
      return rawMessage.includes('compacted') ? 'compacted' : 'refused'
    case Code.NotFound:
      return rawMessage.includes('lease') ? 'lease' : 'refused'
    default:
      return distrust.test(wordsOf(error)) ? 'distrusted' : 'unreachable'
  }
}

const distrust = /unknown ca|certificate|altname|handshake failure/i

/** OpenSSL's `…:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:…` */
const openssl = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/

/** The error in etcd's or the connection's own words, causes included. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error instanceof ConnectError ? error.rawMessage : error.message
  const cause = error.cause instanceof Error ? error.cause.message : ''
  const words = cause === '' || own.includes(cause) ? own : `${own}: ${cause}`
  return openssl.exec(words)?.[1] ?? words.replace(/; if the root CA is installed locally.*/, '')
}

/** What somebody in front of a terminal can do about not getting in. */
export function advice(error: unknown, endpoints: readonly string[]): string {
  const words = wordsOf(error)
  const where = endpoints.join(', ')
  if (troubleOf(error) === 'denied')
    return `etcd at ${where} does not let this client in (${words}): give its user rights to the prefix, or another --etcd-certfile`
  if (/alert|ECONNRESET|socket (hang up|disconnected)/i.test(words))
    return `etcd at ${where} refused the connection (${words}): --etcd-certfile and --etcd-keyfile must be a client certificate signed by the authority that etcd trusts (its --trusted-ca-file)`
  if (troubleOf(error) === 'distrusted')
    return `the certificate of etcd at ${where} is not trusted (${words}): give the authority that signed it as --etcd-cafile, and use names that it is for`
  return `etcd at ${where} does not answer (${words}): check that it runs, and the addresses given with --store`
}
