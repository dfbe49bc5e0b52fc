/** The agent's own API, on 10250: over mutual TLS alone, and every request is authorized. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { rpcMessage } from '../cri/client.ts'
import type { Clock } from '#base/clock.ts'
import { strictTls } from '#base/tls.ts'
import { destinationOf, joinPod } from './connect.ts'
import { carry, type Client, refuse } from './exec.ts'
import { type Asked, HttpError, type PodParts, sendLogs, streamUrl } from './pods.ts'
import { type CallRecord, type KeepRecord, noRecord } from './record.ts'
import { type Right, type Route, rightOf, routeOf } from './route.ts'
import { type Sessions, makeSessions } from './sessions.ts'
import { resourceMetrics, summary } from './stats.ts'

/** From the client's certificate: common name and organizations. */
export interface Caller {
  readonly name: string
  readonly groups: readonly string[]
  /** Serial number in hexadecimal digits, and the common name of who signed it. */
  readonly certificate: { readonly serial: string; readonly issuer: string }
}

export interface NodeServerParts extends PodParts {
  readonly nodeName: string
  readonly clock: Clock
  readonly host: string
  /** 0: any. */
  readonly port: number
  /** PEM. Only certificates of `clientCA` are let in. */
  readonly tls: { readonly key: string; readonly cert: string; readonly clientCA: string }
  /** Whether the caller may do this to `nodes/SUBRESOURCE` of this node. A rejection refuses. */
  readonly authorize: (caller: Caller, right: Right) => Promise<boolean>
  /** Whether the caller is the API server: it alone may CONNECT to pods. Absent: nobody may. */
  readonly isServer?: (caller: Caller) => boolean
  /** Absent: nothing is on record. */
  readonly record?: KeepRecord
}

export interface NodeServer {
  readonly port: number
  /** For a renewed certificate. */
  renew(tls: NodeServerParts['tls']): void
  close(): Promise<void>
}

const list = (value: string | string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

function callerOf(request: IncomingMessage, now: number): Caller {
  if (!(request.socket instanceof TLSSocket) || !request.socket.authorized) throw new HttpError(401, 'Unauthorized')
  const { subject, issuer, serialNumber, valid_to: end } = request.socket.getPeerCertificate()
  const [name] = list(subject.CN)
  // Connections outlive certificates.
  if (name === undefined || name === '' || !(Date.parse(end) >= now)) throw new HttpError(401, 'Unauthorized')
  return {
    name,
    groups: list(subject.O),
    certificate: { serial: serialNumber, issuer: list(issuer.CN)[0] ?? '' },
  }
}

interface Called {
  readonly request: IncomingMessage
  readonly record: CallRecord
}

interface Admitted extends Asked {
  readonly caller: Caller
}

async function admit(parts: NodeServerParts, { request, record }: Called): Promise<Admitted> {
  const caller = callerOf(request, parts.clock.now())
  const url = new URL(request.url ?? '/', 'https://node')
  const route = routeOf(url.pathname)
  if (route === undefined) {
    record.known(caller, undefined)
    throw new HttpError(404, 'not found')
  }
  await permit(parts, caller, { route, record })
  return { route, query: url.searchParams, caller }
}

/** @throws HttpError */
async function permit(
  { authorize }: NodeServerParts,
  caller: Caller,
  { route, record }: { readonly route: Route; readonly record: CallRecord },
): Promise<void> {
  const right = rightOf(route)
  record.known(caller, { route, right })
  const allowed = await authorize(caller, right).catch(() => false)
  if (!allowed)
    throw new HttpError(
      403,
      `Forbidden (user=${caller.name}, verb=${right.verb}, resource=nodes, subresource(s)=[${right.subresource}])`,
    )
}

async function joinAddress(parts: Parts, client: Client, record: CallRecord): Promise<void> {
  const caller = callerOf(client.request, parts.clock.now())
  if (parts.isServer?.(caller) !== true) {
    record.known(caller, undefined)
    throw new HttpError(403, 'Forbidden')
  }
  const destination = destinationOf(parts, client.request.url ?? '')
  await permit(parts, caller, { route: destination.route, record })
  await joinPod(destination, client)
  record.started()
}

/** What lasts is ended when the caller may do it no more. The server looks after those that it lets in itself. */
function attend(parts: Parts, { caller, route }: Admitted, lasting: Lasting): void {
  if (parts.isServer?.(caller) === true) return
  const end = (): void => {
    lasting.record.ended('the right to it was taken away')
    lasting.connection.destroy()
  }
  const over = parts.sessions.open({ caller, right: rightOf(route), end })
  lasting.connection.once('close', over)
}

interface Lasting {
  readonly connection: Duplex | ServerResponse
  readonly record: CallRecord
}

interface Parts extends NodeServerParts {
  readonly sessions: Sessions
}

async function answer(parts: Parts, called: Called, response: ServerResponse): Promise<void> {
  const admitted = await admit(parts, called)
  const { route, query } = admitted
  const send = (type: string, body: string): void => {
    response.writeHead(200, { 'Content-Type': type })
    response.end(body)
  }
  switch (route.kind) {
    case 'healthz':
      return send('text/plain', 'ok')
    case 'pods': {
      const items = parts.agent.pods().map(({ pod }) => pod)
      return send('application/json', JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items }))
    }
    case 'summary':
      return send('application/json', JSON.stringify(await summary(parts.cri, parts.nodeName)))
    case 'resource':
      return send('text/plain; version=0.0.4', await resourceMetrics(parts.cri))
    case 'logs':
      attend(parts, admitted, { connection: response, record: called.record })
      return await sendLogs(parts, { route, query }, response)
    case 'exec':
    case 'attach':
    case 'portForward':
    case 'connect':
      throw new HttpError(400, 'you must request an upgrade')
  }
}

async function joinStream(parts: Parts, client: Client, record: CallRecord): Promise<void> {
  const asked = await admit(parts, { request: client.request, record })
  attend(parts, asked, { connection: client.socket, record })
  const { url, exec } = await streamUrl(parts, asked)
  record.started()
  await carry(client, url, exec)
}

const problem = (error: unknown): { readonly code: number; readonly message: string } =>
  error instanceof HttpError ? error : { code: 500, message: rpcMessage(error) }

/** Nobody comes in without a certificate of the cluster's authority. */
export const nodeTls = { ...strictTls, requestCert: true, rejectUnauthorized: true } as const

/** Listens until closed. TLS 1.2 and above; without a certificate of the CA there is no connection. */
export async function startNodeServer(given: NodeServerParts): Promise<NodeServer> {
  const parts: Parts = { ...given, sessions: makeSessions(given) }
  const { key, cert, clientCA } = parts.tls
  const options = { key, cert, ca: clientCA, ...nodeTls }
  const keep = parts.record ?? noRecord
  const server = createServer(options, (request, response) => {
    const record = keep(request)
    response.on('close', () => record.end(response.statusCode))
    answer(parts, { request, record }, response).catch((error: unknown) => {
      const { code, message } = problem(error)
      record.failed(code, message)
      if (response.headersSent) return void response.destroy()
      response.writeHead(code, { 'Content-Type': 'text/plain' })
      response.end(`${message}\n`)
    })
  })
  const sockets = new Set<Duplex>()
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const joining =
    (join: typeof joinStream) =>
    (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      const record = keep(request)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => record.end(101))
      join(parts, { request, socket, head }, record).catch((error: unknown) => {
        const { code, message } = problem(error)
        record.failed(code, message)
        refuse(socket, code, message)
      })
    }
  server.on('upgrade', joining(joinStream))
  server.on('connect', joining(joinAddress))
  server.headersTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(parts.port, parts.host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : parts.port,
    renew: tls => server.setSecureContext({ key: tls.key, cert: tls.cert, ca: tls.clientCA, ...strictTls }),
    close: () =>
      new Promise(resolve => {
        parts.sessions.close()
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
