/**
 * The way to servers that speak for the API: TLS in both directions, to an address that was found by somebody else. One pool
 * of connections for each set of authorities; a connection that was verified by one is never used for another.
 */
import type { ClientRequest } from 'node:http'
import { Agent, type RequestOptions, request as httpsRequest } from 'node:https'
import { lookup } from 'node:dns'
import { type PeerCertificate, type SecureContext, createSecureContext } from 'node:tls'
import { strictTls } from '#base/tls.ts'
import { CallError } from './failure.ts'
import { carefully, identity, mayBeLed, systemAuthorities } from './https.ts'

/** PEM. */
export interface Shown {
  readonly cert: string
  readonly key: string
}

export interface Backend {
  /** The name that its certificate must be for. */
  readonly name: string
  /** Never a reserved address, nor a name of one. */
  readonly host: string
  readonly port: number
  /** PEM of the only authorities that are believed; absent: the system's. */
  readonly ca?: string
  /** Its certificate is not looked at. */
  readonly insecure?: boolean
}

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** On a connection of its own: to be upgraded, or because a kept one was found closed. */
  readonly alone?: boolean
}

export interface Opener {
  /** The request, not ended: the caller writes its body and ends it. @throws CallError, or why there is no certificate. */
  open(backend: Backend, asked: Asked): Promise<ClientRequest>
  close(): void
}

const idle = 60_000
const mostPools = 200
const maxHeaderSize = 64 * 1024

interface Pool {
  readonly agent: Agent
  readonly secureContext: SecureContext
}

function pool({ cert, key }: Shown, { ca, insecure }: Backend): Pool {
  // Text without a certificate would be passed over in silence.
  if (insecure !== true && ca?.includes('-----BEGIN CERTIFICATE-----') === false)
    throw new CallError('unable to load root certificates: unable to parse bytes as PEM block')
  try {
    const authorities = insecure === true ? [] : (ca ?? systemAuthorities())
    const secureContext = createSecureContext({ ca: authorities, cert, key, ...strictTls })
    const agent = new Agent({ keepAlive: true, maxFreeSockets: 16, timeout: idle, scheduling: 'lifo', secureContext })
    return { agent, secureContext }
  } catch {
    throw new CallError('unable to load root certificates: unable to parse bytes as PEM block')
  }
}

function optionsFor(backend: Backend, asked: Asked, { agent, secureContext }: Pool): RequestOptions {
  const { host, port, name, insecure } = backend
  if (!mayBeLed(host)) throw new CallError(`dial tcp ${host}:${port}: an endpoint may not be such an address`)
  return {
    host,
    port,
    method: asked.method,
    path: asked.path,
    headers: { ...(asked.headers as Record<string, string | string[]>), host: name },
    servername: name,
    maxHeaderSize,
    lookup: carefully(lookup),
    ...(insecure === true
      ? { rejectUnauthorized: false, checkServerIdentity: () => undefined }
      : { checkServerIdentity: (_: string, certificate: PeerCertificate) => identity(name, certificate) }),
    ...(asked.alone === true ? { agent: false, secureContext } : { agent }),
  }
}

/** @param shown our own certificate, which tells the other side that we may name users; another one when it was renewed */
export function makeOpener(shown: () => Promise<Shown>): Opener {
  const pools = new Map<string, Pool>()
  let last: Shown | undefined
  const poolFor = (backend: Backend, shown: Shown): Pool => {
    if (shown !== last) pools.clear()
    last = shown
    const key = backend.insecure === true ? 'insecure' : (backend.ca ?? '')
    const found = pools.get(key) ?? pool(shown, backend)
    pools.delete(key)
    pools.set(key, found)
    const [oldest] = pools.keys()
    // What is under way there ends by itself, and idle connections by their time.
    if (pools.size > mostPools && oldest !== undefined) pools.delete(oldest)
    return found
  }
  return {
    open: async (backend, asked) => httpsRequest(optionsFor(backend, asked, poolFor(backend, await shown()))),
    close: () => {
      for (const { agent } of pools.values()) agent.destroy()
      pools.clear()
    },
  }
}
