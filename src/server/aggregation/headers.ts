/** What is passed on of a request and of its answer, and how the other server is told who asks. */
import type { User } from '#api/request.ts'
import { badRequest } from '#api/status.ts'

export type Headers = Record<string, string | string[]>

/** They concern one connection, not what is asked. */
const hops: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])
/** Credentials are ours alone, and so is the host that was asked. */
const ours: ReadonlySet<string> = new Set(['authorization', 'host', 'expect'])
/** Also as servers see them that take one sign for the other. */
const identity = /^(?:x[-_]remote[-_]|impersonate[-_])/
const tokenProtocol = 'base64url.bearer.'

export type Pairs = Iterable<readonly [name: string, value: string]>

/** @param raw names and values in turn, as node gives them. Names come in lower case. */
export function* pairs(raw: readonly string[]): Generator<readonly [string, string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at]?.toLowerCase() ?? '', raw[at + 1] ?? '']
}

/** Headers that a Connection header names are of one connection too. */
const namedHops = (all: readonly (readonly [string, string])[]): ReadonlySet<string> =>
  new Set(
    all
      .filter(([name]) => name === 'connection')
      .flatMap(([, value]) => value.split(',').map(one => one.trim().toLowerCase())),
  )

function add(headers: Headers, name: string, value: string): void {
  const had = Object.hasOwn(headers, name) ? headers[name] : undefined
  headers[name] = had === undefined ? value : [...(typeof had === 'string' ? [had] : had), value]
}

const empty = (): Headers => Object.create(null) as Headers

const withoutToken = (protocols: string): string =>
  protocols
    .split(',')
    .map(one => one.trim())
    .filter(one => !one.startsWith(tokenProtocol))
    .join(', ')

function passedOn(all: readonly (readonly [string, string])[]): Headers {
  const headers = empty()
  const named = namedHops(all)
  for (const [name, value] of all) {
    if (name.startsWith(':') || hops.has(name) || ours.has(name) || named.has(name) || identity.test(name)) continue
    const kept = name === 'sec-websocket-protocol' ? withoutToken(value) : value
    if (kept !== '' || value === '') add(headers, name, kept)
  }
  return headers
}

/** Letters that may stand in the name of a header; a percent sign would begin an escape. */
const plainLetter = /[!#$&'*+\-.^_`|~0-9A-Za-z]/

export const escapedKey = (key: string): string =>
  [...Buffer.from(key, 'utf8')]
    .map(byte => {
      const letter = String.fromCharCode(byte)
      return plainLetter.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')

/** Control characters but the tabulator. */
const isUnspeakable = (letter: string): boolean => letter !== '\t' && (letter < ' ' || letter === '\x7f')

/** Bytes of UTF-8, as Go sends and reads them. @throws StatusError BadRequest for what would be a header of its own. */
function spoken(text: string): string {
  if (Array.from(text).some(isUnspeakable)) throw badRequest('the identity of the user cannot be passed on')
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** @throws StatusError BadRequest */
export function userHeaders({ name, uid = '', groups, extra = {} }: Omit<User, 'source' | symbol>): Headers {
  const headers = empty()
  headers['x-remote-user'] = spoken(name)
  if (uid !== '') headers['x-remote-uid'] = spoken(uid)
  if (groups.length > 0) headers['x-remote-group'] = groups.map(spoken)
  for (const [key, values] of Object.entries(extra)) {
    const header = `x-remote-extra-${escapedKey(key)}`
    for (const value of values) add(headers, header, spoken(value))
  }
  return headers
}

export interface Incoming {
  readonly rawHeaders: readonly string[]
  readonly url?: string | undefined
  readonly remoteAddress?: string | undefined
}

const first = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(', ') : (value ?? '')

/** @throws StatusError BadRequest */
export function requestHeaders({ rawHeaders, url = '', remoteAddress }: Incoming, user: User): Headers {
  const all = [...pairs(rawHeaders)]
  const headers = passedOn(all)
  const host = all.find(([name]) => name === 'host' || name === ':authority')?.[1]
  const before = first(headers['x-forwarded-for'])
  if (remoteAddress !== undefined)
    headers['x-forwarded-for'] = before === '' ? remoteAddress : `${before}, ${remoteAddress}`
  if (host !== undefined) headers['x-forwarded-host'] = host
  headers['x-forwarded-proto'] = 'https'
  headers['x-forwarded-uri'] = url.split('?')[0] ?? ''
  return Object.assign(headers, userHeaders(user))
}

/** To ask for another protocol is for the next connection as well. */
export function upgradeHeaders(incoming: Incoming, user: User): Headers {
  const upgrade = [...pairs(incoming.rawHeaders)].filter(([name]) => name === 'upgrade').map(([, value]) => value)
  const headers = requestHeaders(incoming, user)
  // It has no body: the other server would take for one what comes after the 101.
  Reflect.deleteProperty(headers, 'content-length')
  return Object.assign(headers, { connection: 'Upgrade', upgrade: upgrade.join(', ') })
}

/** Who may read it in a browser is for us to say. */
const crossOrigin = /^access-control-/

/** What is said twice is one list, cookies apart: HTTP/2 allows nothing else where one value is meant. */
export function answerHeaders(raw: readonly string[]): Headers {
  const all = [...pairs(raw)]
  const named = namedHops(all)
  const headers = empty()
  for (const [name, value] of all)
    if (!hops.has(name) && !named.has(name) && !crossOrigin.test(name)) add(headers, name, value)
  for (const [name, value] of Object.entries(headers))
    if (name !== 'set-cookie' && typeof value !== 'string') headers[name] = value.join(', ')
  return headers
}
