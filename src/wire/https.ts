/**
 * The way out: HTTPS to what users and configurations name (webhooks, conversions, issuers). No redirect is followed, no answer is read beyond its limit,
 * and a name never leads to an address that only this machine has.
 */
import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request as httpsRequest } from 'node:https'
import { type LookupFunction, isIP } from 'node:net'
import { type PeerCertificate, checkServerIdentity, createSecureContext, getCACertificates } from 'node:tls'
import { strictTls } from '#base/tls.ts'
import { isReserved, namesLoopback } from './address.ts'
import { readAnswer } from './answer.ts'
import { CallError, describe } from './failure.ts'

export interface Destination {
  /** https; its host is the name that the certificate must be for, and the Host header. */
  readonly url: URL
  /** Where to connect when the name is known to nobody else: an endpoint of a service. Never a reserved address, nor a name of one. */
  readonly address?: { readonly host: string; readonly port: number }
  /** PEM of the only authorities that are believed; absent: the system's. */
  readonly ca?: string
  /** PEM of the certificate that is shown to the other side. */
  readonly client?: { readonly cert: string; readonly key: string }
  /** The name that the certificate must be for, where it is another than the URL's. */
  readonly serverName?: string
}

export interface Call {
  /** Absent: it is a GET. */
  readonly body?: string
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of an answer that are read. */
  readonly limit: number
  /** Ends the call, whatever it is waiting for. */
  readonly signal: AbortSignal
}

export interface Posted extends Call {
  readonly body: string
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Caller {
  /** @throws CallError */
  post(destination: Destination, call: Posted): Promise<Reply>
  /** @throws CallError */
  get(destination: Destination, call: Omit<Call, 'body'>): Promise<Reply>
  close(): void
}

let system: string[] | undefined
/** Read once, at the first call that needs them. */
export function systemAuthorities(): string[] {
  system ??= getCACertificates('system')
  return system.length === 0 ? getCACertificates('bundled') : system
}

/** Names in a certificate's subject alone have not counted for years. */
export function identity(host: string, certificate: PeerCertificate): Error | undefined {
  return certificate.subjectaltname === undefined
    ? new CallError(
        'tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead',
      )
    : checkServerIdentity(host, certificate)
}

export type Resolve = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** Refuses names that lead to where only this machine gets. */
export const carefully =
  (resolve: Resolve): LookupFunction =>
  (host, options, callback) =>
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const bad = error === null && !namesLoopback(host) && addresses.some(one => isReserved(one.address))
      const failure = bad
        ? new CallError(`dial tcp: lookup ${host}: leads to an address that may not be called`)
        : error
      const [first] = addresses ?? []
      if (options.all === true) callback(failure, failure === null ? addresses : [])
      else callback(failure, first?.address ?? '', first?.family)
    })

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1')

/** `host:port` for messages. */
const placeOf = ({ url, address }: Destination): string =>
  address === undefined ? `${url.hostname}:${url.port === '' ? '443' : url.port}` : `${address.host}:${address.port}`

/** A name is looked at again when it is known where it leads. */
export const mayBeLed = (host: string): boolean =>
  isIP(host) === 0 ? !namesLoopback(host) && host !== '' : !isReserved(host)

function optionsFor({ url, address, serverName }: Destination): RequestOptions {
  const host = bare(url.hostname)
  const name = serverName ?? host
  if (url.protocol !== 'https:') throw new CallError('the only scheme that is called is https')
  if (address !== undefined && !mayBeLed(address.host))
    throw new CallError(`dial tcp ${address.host}:${address.port}: an endpoint may not be such an address`)
  return {
    host: address?.host ?? host,
    port: address?.port ?? (url.port === '' ? 443 : Number(url.port)),
    path: `${url.pathname}${url.search}`,
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_, certificate) => identity(name, certificate),
  }
}

interface Way {
  readonly agent: Agent
  readonly lookup: LookupFunction
}

async function once(way: Way, destination: Destination, call: Call): Promise<Reply | 'stale'> {
  const { promise, resolve: answered, reject } = Promise.withResolvers<IncomingMessage>()
  const method = call.body === undefined ? 'GET' : 'POST'
  const common = { ...way, method, signal: call.signal, maxHeaderSize: 16_384 }
  const asking = httpsRequest({ ...optionsFor(destination), ...common })
  asking.setHeader('host', destination.url.host)
  for (const [name, value] of Object.entries(call.headers)) asking.setHeader(name, value)
  asking.on('response', answered)
  asking.on('error', reject)
  asking.end(call.body)
  let begun = false
  try {
    const answer = await promise
    begun = true
    const { statusCode: status = 0, headers } = answer
    return { status, headers, body: await readAnswer(answer, call.limit) }
  } catch (error) {
    asking.destroy()
    const code: unknown = error instanceof Error && 'code' in error ? error.code : ''
    // A connection that lay idle was closed by the other side at the moment we took it.
    if (!begun && asking.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')) return 'stale'
    if (call.signal.aborted) throw new CallError('context deadline exceeded')
    throw new CallError(describe(error, placeOf(destination)))
  }
}

const idle = 60_000
const mostAgents = 200
/** To one place. Further calls wait for one of these, each within its own time. */
const maxSockets = 256
const maxFreeSockets = 16

type Identities = Pick<Destination, 'ca' | 'client'>

/**
 * One agent for each set of authorities and each certificate of ours: a connection that was verified by one is never used for
 * another.
 */
class Agents {
  readonly #byAuthority = new Map<string, Agent>()
  for(who: Identities): Agent {
    const key = `${who.ca ?? ''}\n${who.client?.cert ?? ''}`
    const agent = this.#byAuthority.get(key) ?? make(who)
    this.#byAuthority.delete(key)
    this.#byAuthority.set(key, agent)
    const [oldest] = this.#byAuthority.keys()
    // What is under way there ends by itself, and idle connections by their time.
    if (this.#byAuthority.size > mostAgents && oldest !== undefined) this.#byAuthority.delete(oldest)
    return agent
  }
  close(): void {
    for (const agent of this.#byAuthority.values()) agent.destroy()
    this.#byAuthority.clear()
  }
}

function make({ ca, client }: Identities): Agent {
  try {
    // Text without a certificate would be passed over in silence.
    if (ca?.includes('-----BEGIN CERTIFICATE-----') === false) throw new CallError('no certificate')
    const secureContext = createSecureContext({ ...client, ca: ca ?? systemAuthorities(), ...strictTls })
    return new Agent({ keepAlive: true, maxSockets, maxFreeSockets, timeout: idle, scheduling: 'lifo', secureContext })
  } catch {
    throw new CallError('unable to load root certificates: unable to parse bytes as PEM block')
  }
}

/** @param resolve names to addresses; the system's unless given. */
export function makeCaller(resolve: Resolve = systemLookup): Caller {
  const lookup = carefully(resolve)
  const agents = new Agents()
  const send = async (destination: Destination, call: Call): Promise<Reply> => {
    const agent = agents.for(destination)
    for (let tries = 0; tries < 3; tries++) {
      const reply = await once({ agent, lookup }, destination, call)
      if (reply !== 'stale') return reply
    }
    throw new CallError('EOF')
  }
  return {
    post: send,
    get: send,
    close: () => agents.close(),
  }
}
