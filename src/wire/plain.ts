/**
 * The way to what runs in the cluster, on somebody's word: HTTP, or TLS whose certificate nobody can judge. Nothing of ours is
 * shown, each request has a connection of its own, so that none hears what was meant for another, and no redirect is followed.
 */
import { lookup } from 'node:dns'
import { type ClientRequest, type RequestOptions, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { strictTls } from '#base/tls.ts'
import { CallError } from './failure.ts'
import { carefully, mayBeLed } from './https.ts'

export interface PlainBackend {
  readonly scheme: 'http' | 'https'
  /** Never a reserved address, nor a name of one. */
  readonly host: string
  readonly port: number
}

export interface PlainAsked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
}

const maxHeaderSize = 64 * 1024

/** @param through a connection that leads there already. @returns the request, not ended. @throws CallError */
export function openPlain(backend: PlainBackend, asked: PlainAsked, through?: Duplex): ClientRequest {
  const { scheme, host, port } = backend
  if (!mayBeLed(host)) throw new CallError(`dial tcp ${host}:${port}: address not allowed`)
  const options: RequestOptions = {
    host,
    port,
    method: asked.method,
    path: asked.path,
    headers: { ...asked.headers },
    // With an agent, also with none of its own, a connection that is there already would be passed over.
    ...(through === undefined ? { agent: false } : {}),
    maxHeaderSize,
    lookup: carefully(lookup),
  }
  if (scheme === 'http')
    return httpRequest(through === undefined ? options : { ...options, createConnection: () => through })
  // Who it is, nobody can tell: pods have no certificates of an authority that is known here.
  const tls = {
    servername: '',
    ...strictTls,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  } as const
  const secured = through === undefined ? {} : { createConnection: () => connectTls({ ...tls, socket: through }) }
  return httpsRequest({ ...options, ...tls, ...secured })
}
