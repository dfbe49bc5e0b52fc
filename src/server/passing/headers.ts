/** What is passed on of a request and of its answer: nothing that concerns one connection, no credentials, no claims of who asks. */
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

type Pair = readonly [name: string, value: string]

/** @param raw names and values in turn, as node gives them. Names come in lower case. */
export function* pairs(raw: readonly string[]): Generator<Pair> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at]?.toLowerCase() ?? '', raw[at + 1] ?? '']
}

/** Headers that a Connection header names are of one connection too. */
const namedHops = (all: readonly Pair[]): ReadonlySet<string> =>
  new Set(
    all
      .filter(([name]) => name === 'connection')
      .flatMap(([, value]) => value.split(',').map(one => one.trim().toLowerCase())),
  )

export function add(headers: Headers, name: string, value: string): void {
  const had = Object.hasOwn(headers, name) ? headers[name] : undefined
  headers[name] = had === undefined ? value : [...(typeof had === 'string' ? [had] : had), value]
}

export const empty = (): Headers => Object.create(null) as Headers

const withoutToken = (protocols: string): string =>
  protocols
    .split(',')
    .map(one => one.trim())
    .filter(one => !one.startsWith(tokenProtocol))
    .join(', ')

function passedOn(all: readonly Pair[]): Headers {
  const headers = empty()
  const named = namedHops(all)
  for (const [name, value] of all) {
    if (name.startsWith(':') || hops.has(name) || ours.has(name) || named.has(name) || identity.test(name)) continue
    const kept = name === 'sec-websocket-protocol' ? withoutToken(value) : value
    if (kept !== '' || value === '') add(headers, name, kept)
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

/** The host that a client asked for. @throws StatusError BadRequest where it asked for several: each server would believe another one. */
export function askedHost(rawHeaders: readonly string[]): string | undefined {
  const all = new Set<string>()
  for (const [name, value] of pairs(rawHeaders)) if (name === 'host' || name === ':authority') all.add(value)
  if (all.size > 1) throw badRequest('too many Host headers')
  const [host] = all
  return host
}

/** Names of the host are left to the caller. @throws StatusError BadRequest */
export function requestHeaders({ rawHeaders, url = '', remoteAddress }: Incoming): Headers {
  const headers = passedOn([...pairs(rawHeaders)])
  const host = askedHost(rawHeaders)
  const before = first(headers['x-forwarded-for'])
  if (remoteAddress !== undefined)
    headers['x-forwarded-for'] = before === '' ? remoteAddress : `${before}, ${remoteAddress}`
  if (host !== undefined) headers['x-forwarded-host'] = host
  headers['x-forwarded-proto'] = 'https'
  headers['x-forwarded-uri'] = url.split('?')[0] ?? ''
  return headers
}

/** To ask for another protocol is for the next connection as well. @param headers of the request, which are changed */
export function withUpgrade(headers: Headers, rawHeaders: readonly string[]): Headers {
  const upgrade = [...pairs(rawHeaders)].filter(([name]) => name === 'upgrade').map(([, value]) => value)
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
