/**
 * Logs, exec, attach and port-forward: authorize here, then join two connections. Only the node reads frames; nothing of
 * the client's goes to the node before the node has agreed, and a redirect from a node is an error.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Permit } from '#api/request.ts'
import { StatusError, internalError, notFound } from '#api/status.ts'
import { stringifyJson } from '#codec/json.ts'
import type { Store } from '#server/store/contract.ts'
import type { PathRequest } from '../http/handler.ts'
import { common, gone } from '../http/respond.ts'
import type { NodeDialer } from './dial.ts'
import { type Agreed, joined } from './join.ts'
import { logPath, streamPath } from './target.ts'

/** Milliseconds until a node has to answer. */
const patience = 30_000
/** Bytes of a node's refusal that are passed on. */
const longestRefusal = 64 * 1024

export function podOf(store: Store, permit: Permit): Pod {
  const kept = store.snapshot('pods').get(`${permit.namespace}/${permit.name}`)
  if (kept === undefined) throw notFound({ group: '', resource: 'pods', name: permit.name })
  return kept.object as Pod
}

const failure = (error: Error): StatusError => internalError(`error dialing backend: ${error.message}`)

async function refusalText(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of answer) {
    text += String(part)
    if (text.length > longestRefusal) break
  }
  return text.slice(0, longestRefusal)
}

async function refused(answer: IncomingMessage): Promise<StatusError> {
  const code = answer.statusCode ?? 500
  const text = (await refusalText(answer)).trim()
  if (code >= 300 && code < 400) return internalError('the node tried to redirect the connection')
  if (code === 404) return new StatusError({ reason: 'NotFound', message: text, details: {} })
  if (code === 400) return new StatusError({ reason: 'BadRequest', message: text })
  return internalError(text === '' ? `the node answered ${code}` : text)
}

/** `GET pods/x/log`. @throws StatusError before anything was written. */
export async function streamLog(
  parts: { store: Store; dialer: NodeDialer },
  permit: Permit,
  { response, info, trail }: PathRequest,
): Promise<void> {
  const pod = podOf(parts.store, permit)
  const path = logPath(pod, info.query)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const asking = httpsRequest({ ...parts.dialer.options(pod), method: 'GET', path })
  asking.setTimeout(patience, () => asking.destroy(new Error('the node did not answer in time')))
  asking.on('response', resolve)
  asking.on('error', error => reject(failure(error)))
  asking.end()
  response.on('close', () => asking.destroy())
  if (gone(response)) asking.destroy()
  const answer = await promise
  asking.setTimeout(0)
  if (answer.statusCode !== 200) throw await refused(answer)
  common(response, 200, { 'content-type': 'text/plain' })
  trail?.started(200)
  if ('flushHeaders' in response) response.flushHeaders()
  await pipeline(answer, response).catch(() => response.destroy())
}

const passedOn = ['upgrade', 'connection', 'x-stream-protocol-version'] as const

function headersFor(request: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && ((passedOn as readonly string[]).includes(name) || name.startsWith('sec-websocket-')))
      headers[name] = value
  const protocols = headers['sec-websocket-protocol']
  // A token may travel as a subprotocol; it is ours and no node's business.
  if (typeof protocols === 'string')
    headers['sec-websocket-protocol'] = protocols
      .split(',')
      .map(one => one.trim())
      .filter(one => !one.startsWith('base64url.bearer.'))
      .join(', ')
  return headers
}

const statusLine = (code: number, text: string): string => `HTTP/1.1 ${code} ${text}\r\n`

/** Answers an upgrade that is refused, as an ordinary response on the raw socket. */
export function refuseUpgrade(socket: Duplex, error: StatusError): void {
  const body = stringifyJson(error.status())
  socket.end(
    `${statusLine(error.code, error.reason)}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

export interface Upgrading {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** Resolves when the two sockets are joined. @throws StatusError when the node refuses. */
export async function joinStream(
  dialer: NodeDialer,
  upgrading: Upgrading,
  target: { readonly pod: Pod; readonly kind: 'exec' | 'attach' | 'portforward'; readonly query: URLSearchParams },
): Promise<void> {
  const path = streamPath(target.kind, target.pod, target.query)
  const asking = httpsRequest({
    ...dialer.options(target.pod),
    agent: false,
    method: upgrading.request.method ?? 'GET',
    path,
    headers: headersFor(upgrading.request),
  })
  const agreed = await agreement(asking, upgrading.socket)
  joined({ client: upgrading.socket, head: upgrading.head }, agreed)
}

function agreement(asking: ClientRequest, client: Duplex): Promise<Agreed> {
  const { promise, resolve, reject } = Promise.withResolvers<Agreed>()
  asking.setTimeout(patience, () => asking.destroy(new Error('the node did not answer in time')))
  asking.on('upgrade', (answer, socket, head) => {
    asking.setTimeout(0)
    resolve({ answer, socket, head })
  })
  asking.on('response', answer => void refused(answer).then(reject, reject))
  asking.on('error', error => reject(failure(error)))
  client.on('close', () => asking.destroy())
  asking.end()
  return promise
}
