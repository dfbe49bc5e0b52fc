/** Calls at the doors of an etcd as somebody who may not come in, and once as who may: what answers proves more than a flag. */
import { request as plainRequest } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { strictTls } from '#base/tls.ts'
import { systemClock } from '#base/clock.ts'
import { type EtcdAccess, EtcdClient } from '#server/store/etcd/client.ts'
import { troubleOf, wordsOf } from '#server/store/etcd/trouble.ts'

/** `refused`: there was somebody, who did not go on. `distrusted`: its certificate is of no authority that was given. */
export type Outcome = 'answered' | 'refused' | 'distrusted' | 'unreachable'

export interface Dialled {
  readonly outcome: Outcome
  /** In the connection's own words, where it was not answered. */
  readonly says: string
}

export interface Certificate {
  readonly subject: string
  readonly issuer: string
  /** Made by whoever shows it, for itself. */
  readonly selfSigned: boolean
}

export interface Shown extends Dialled {
  readonly certificate?: Certificate
}

/** Milliseconds. */
const patience = 5000
/** Of an answer that says how it is. */
const mostBytes = 64 << 10

/** By gRPC, as a server of ours would: nothing is asked but how it is. */
export async function dialClient(url: string, access: Omit<EtcdAccess, 'endpoints'>): Promise<Dialled> {
  let client: EtcdClient | undefined
  try {
    client = new EtcdClient({ ...access, endpoints: [url], mostBytes })
    await client.ask(peer => peer.maintenance.status({}, { timeoutMs: patience }))
    return { outcome: 'answered', says: '' }
  } catch (error) {
    const says = wordsOf(error)
    const trouble = troubleOf(error)
    // Who is told that he may not has been let in by the door.
    if (trouble === 'denied' || trouble === 'refused') return { outcome: 'answered', says }
    if (/alert|ECONNRESET|socket (hang up|disconnected)/i.test(says)) return { outcome: 'refused', says }
    return { outcome: trouble === 'distrusted' ? 'distrusted' : 'unreachable', says }
  } finally {
    client?.close()
  }
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '')

/** OpenSSL's words for a certificate that this side does not believe. */
const disbelief = /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS_CERT)/

function certificateOf(socket: Socket): Certificate | undefined {
  const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  if (shown === undefined) return undefined
  const { subject, issuer } = shown
  return {
    subject: oneLine(subject),
    issuer: oneLine(issuer),
    selfSigned: subject === issuer && shown.verify(shown.publicKey),
  }
}

const oneLine = (name: string | undefined): string => (name ?? '').replaceAll('\n', ', ')

/** By HTTPS, which members speak with each other, without a certificate unless one is given. */
export function dialSecure(url: string, { ca, cert, key }: Omit<EtcdAccess, 'endpoints'>): Promise<Shown> {
  const { hostname, port } = new URL(url)
  const given = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
  return dial(options => request({ ...options, ...given, ...strictTls }), { host: bare(hostname), port })
}

/** By HTTP. */
export function dialPlain(url: string): Promise<Shown> {
  const { hostname, port } = new URL(url)
  return dial(plainRequest, { host: bare(hostname), port })
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

function dial(
  make: (options: RequestOptions) => ReturnType<typeof request>,
  at: Pick<RequestOptions, 'host' | 'port'>,
): Promise<Shown> {
  return new Promise(resolve => {
    let certificate: Certificate | undefined
    let connected = false
    const told = (outcome: Outcome, says: string): void => {
      cancel()
      resolve({ outcome, says, ...(certificate === undefined ? {} : { certificate }) })
      sent.destroy()
    }
    const sent = make({ ...at, path: '/version', agent: false })
    const cancel = systemClock.after(patience, () => told('unreachable', 'no answer in time'))
    sent.on('socket', (socket: Socket) => {
      socket.on('connect', () => (connected = true))
      socket.on('secureConnect', () => (certificate = certificateOf(socket)))
      socket.on('error', () => (certificate ??= certificateOf(socket)))
    })
    sent.on('error', error => {
      const code = codeOf(error)
      const outcome = disbelief.test(code) ? 'distrusted' : connected ? 'refused' : 'unreachable'
      told(outcome, code === '' ? error.message : code)
    })
    sent.on('response', response => {
      response.resume()
      const { statusCode = 0 } = response
      // To HTTP on a port of HTTPS Go answers with 400, and says so.
      if (statusCode === 400) return told('refused', 'answered with 400')
      told('answered', `answered with ${statusCode}`)
    })
    sent.end()
  })
}
