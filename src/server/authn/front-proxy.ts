/**
 * A server that speaks for users: it shows a certificate of an authority of its own, and says in headers for whom. From
 * anybody else those headers mean nothing.
 */
import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { User } from '#api/request.ts'
import { authenticatedUser, identified } from './user.ts'
import { extraKeyOf } from './extra-key.ts'
import { list } from './x509.ts'

export interface FrontProxy {
  /** More than one while they take turns. */
  readonly authorities: readonly X509Certificate[]
  /** Common names that its certificates may have. */
  readonly names: readonly string[]
}

const certificates = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** @param pem one certificate or several */
export const frontProxyOf = (pem: string, names: readonly string[]): FrontProxy => ({
  authorities: (pem.match(certificates) ?? []).map(one => new X509Certificate(one)),
  names,
})

/** How such a user was authenticated. */
export const frontProxySource = 'front proxy'

interface Shown {
  /** Anything of the chain is of the front proxy's authority. */
  readonly proxy: boolean
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** Of another authority each, where tests have several servers. */
const known = new WeakMap<TLSSocket, Shown>()

/** Longest chain that is looked at. */
const longest = 10

const isOf = (certificate: X509Certificate, authority: X509Certificate): boolean =>
  certificate.fingerprint256 === authority.fingerprint256 ||
  (certificate.checkIssued(authority) && certificate.verify(authority.publicKey))

function read({ authorities }: FrontProxy, socket: TLSSocket): Shown {
  const leaf = socket.authorized ? socket.getPeerX509Certificate() : undefined
  let proxy = false
  let at = leaf
  for (let depth = 0; at !== undefined && depth < longest && !proxy; depth++) {
    const shown = at
    proxy = authorities.some(authority => isOf(shown, authority))
    at = at.issuerCertificate
  }
  const { CN } = (leaf?.toLegacyObject().subject ?? {}) as { CN?: string | string[] }
  return { proxy, name: list(CN)[0] ?? '', until: Date.parse(leaf?.validTo ?? '') }
}

function shownBy(frontProxy: FrontProxy, socket: TLSSocket): Shown {
  const had = known.get(socket)
  if (had !== undefined) return had
  const shown = read(frontProxy, socket)
  known.set(socket, shown)
  return shown
}

/** Such a certificate names a server, never a user, whatever else it says. */
export const isFrontProxy = (frontProxy: FrontProxy, socket: TLSSocket): boolean => shownBy(frontProxy, socket).proxy

const nobody = 'system:unauthenticated'
const most = 2000
const extraPrefix = 'x-remote-extra-'

const text = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')

interface Proxied {
  readonly socket: TLSSocket
  /** Names and values in turn, as node gives them. */
  readonly rawHeaders: readonly string[]
  readonly now: number
}

/** @returns undefined for a certificate that may not speak for users, or that speaks for nobody. */
export function proxiedUser(frontProxy: FrontProxy, { socket, rawHeaders, now }: Proxied): User | undefined {
  const { proxy, name: server, until } = shownBy(frontProxy, socket)
  if (!proxy || !(until >= now) || !frontProxy.names.includes(server)) return undefined
  if (rawHeaders.length > most) return undefined
  const found = { name: [] as string[], uid: [] as string[], groups: [] as string[] }
  const extra = new Map<string, string[]>()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const header = rawHeaders[at]?.toLowerCase() ?? ''
    const value = text(rawHeaders[at + 1] ?? '')
    if (header === 'x-remote-user') found.name.push(value)
    else if (header === 'x-remote-uid') found.uid.push(value)
    else if (header === 'x-remote-group' && value !== '') found.groups.push(value)
    else if (header.startsWith(extraPrefix))
      extra.set(extraKeyOf(header, extraPrefix), [...(extra.get(extraKeyOf(header, extraPrefix)) ?? []), value])
  }
  const [name = '', ...others] = found.name
  const [uid = ''] = found.uid
  if (name === '' || others.length > 0 || found.uid.length > 1) return undefined
  // Nobody becomes somebody on the way.
  const make = found.groups.includes(nobody) ? identified : authenticatedUser
  return make({
    name,
    groups: found.groups,
    ...(uid === '' ? {} : { uid }),
    ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
    source: frontProxySource,
  })
}
