/** Why a call that left the process failed, in the words that clients of Kubernetes know. */
export class CallError extends Error {}

interface Coded {
  readonly code: string
  readonly message: string
}

function codedOf(error: unknown): Coded {
  const message = error instanceof Error ? error.message : 'unknown error'
  const code: unknown = error instanceof Error && 'code' in error ? error.code : ''
  return { code: typeof code === 'string' ? code : '', message }
}

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
])

const verification = 'tls: failed to verify certificate: x509: '

/** @param place `host:port` that was dialled. */
export function describe(error: unknown, place: string): string {
  if (error instanceof CallError) return error.message
  const { code, message } = codedOf(error)
  if (untrusted.has(code)) return `${verification}certificate signed by unknown authority`
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${place}: connect: connection refused`
    case 'EHOSTUNREACH':
      return `dial tcp ${place}: connect: no route to host`
    case 'ENETUNREACH':
      return `dial tcp ${place}: connect: network is unreachable`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${place.slice(0, place.lastIndexOf(':'))}: no such host`
    case 'ECONNRESET':
    case 'EPIPE':
      return 'EOF'
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `${verification}certificate has expired or is not yet valid`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${verification}certificate is not valid for the name that was dialled`
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'http: server gave HTTP response to HTTPS client'
    default:
      return code.startsWith('HPE_') ? `net/http: malformed HTTP response (${code})` : message
  }
}
