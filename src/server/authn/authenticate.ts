/** Who is at the door. Without credentials nobody, unless a configuration says otherwise; a 401 never says why. */
import type { IncomingHttpHeaders } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import type { User } from '#api/request.ts'
import type { Authenticated, Later, TokenAuthenticator } from './chain.ts'
import { type FrontProxy, isFrontProxy, proxiedUser } from './front-proxy.ts'
import { type People, everybody } from './people.ts'
import { certificateUser } from './x509.ts'

export interface Credentials {
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly socket: unknown
  readonly path: string
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

export interface Authenticating {
  readonly tokens: TokenAuthenticator
  readonly clock: Clock
  readonly frontProxy?: FrontProxy
  /** Who of them is let in no more. */
  readonly people?: People
  /** Who comes without credentials. */
  readonly anonymous?: (path: string) => User | undefined
}

/** A certificate first; a token that is there but wrong, and a certificate that is no longer good, refuse whatever else was given. */
export function makeAuthenticate(options: Authenticating): Authenticate {
  const { tokens, clock, frontProxy, people = everybody, anonymous = () => undefined } = options
  const admitted = (user: User | undefined): User | undefined =>
    user === undefined || people.admits(user) ? user : undefined
  return ({ headers, rawHeaders, socket, path }) => {
    if (socket instanceof TLSSocket && people.isRevoked(socket)) return undefined
    // Whoever speaks for others is nobody without saying for whom.
    if (frontProxy !== undefined && socket instanceof TLSSocket && isFrontProxy(frontProxy, socket))
      return admitted(proxiedUser(frontProxy, { socket, rawHeaders, now: clock.now() }))
    const user = socket instanceof TLSSocket ? certificateUser(socket, clock.now()) : undefined
    if (user !== undefined) return admitted(user)
    const token = bearerToken(headers)
    if (token === undefined) return socketShows(socket) ? undefined : anonymous(path)
    if (token === '') return undefined
    const found = tokens.authenticate(token)
    return found instanceof Promise ? found.then(later => admitted(userOf(later))) : admitted(userOf(found))
  }
}

const userOf = (found: Authenticated | undefined): User | undefined => found?.user

/** Whoever shows a certificate wants to be somebody. */
const socketShows = (socket: unknown): boolean =>
  socket instanceof TLSSocket && socket.getPeerX509Certificate() !== undefined
