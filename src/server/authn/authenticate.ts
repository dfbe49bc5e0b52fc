/** Who is at the door. Anonymous requests are refused; a 401 never says why. */
import type { IncomingHttpHeaders } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import type { User } from '#api/request.ts'
import { type FrontProxy, isFrontProxy, proxiedUser } from './front-proxy.ts'
import { certificateUser } from './x509.ts'
import type { Later, TokenAuthenticator } from './chain.ts'

export interface Credentials {
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly socket: unknown
}

/** At once for certificates and service accounts' tokens; whoever is known elsewhere is asked for there. */
export type Authenticate = (credentials: Credentials) => Later<User | undefined>

/** Browsers cannot set headers on WebSockets: a bearer token may come as a subprotocol, as upstream has it. */
const protocolPrefix = 'base64url.bearer.authorization.k8s.io.'

export function bearerToken(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  if (authorization !== undefined) {
    const [scheme, token, ...rest] = authorization.trim().split(/ +/)
    return scheme?.toLowerCase() === 'bearer' && token !== undefined && rest.length === 0 ? token : ''
  }
  const protocol = headers['sec-websocket-protocol']
    ?.split(',')
    .map(one => one.trim())
    .find(one => one.startsWith(protocolPrefix))
  return protocol === undefined ? undefined : Buffer.from(protocol.slice(protocolPrefix.length), 'base64url').toString()
}

/** A certificate first; a token that is there but wrong refuses even where nothing else was given. */
export function makeAuthenticate(tokens: TokenAuthenticator, clock: Clock, frontProxy?: FrontProxy): Authenticate {
  return ({ headers, rawHeaders, socket }) => {
    // Whoever speaks for others is nobody without saying for whom.
    if (frontProxy !== undefined && socket instanceof TLSSocket && isFrontProxy(frontProxy, socket))
      return proxiedUser(frontProxy, { socket, rawHeaders, now: clock.now() })
    const user = socket instanceof TLSSocket ? certificateUser(socket, clock.now()) : undefined
    if (user !== undefined) return user
    const token = bearerToken(headers)
    if (token === undefined || token === '') return undefined
    const found = tokens.authenticate(token)
    return found instanceof Promise ? found.then(later => later?.user) : found?.user
  }
}
