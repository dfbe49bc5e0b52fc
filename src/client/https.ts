/** The HTTPS transport: pinned authorities, a client certificate or a token, keep-alive, bounded answers and times. */
import { Agent, type RequestOptions, request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { strictTls } from '#base/tls.ts'
import type { Answer, DoorRequest, WatchEvent } from '#api/door.ts'
import { StatusError, serviceUnavailable, tooLarge } from '#api/status.ts'
import type { Transport } from './client.ts'
import { type HttpCall, httpCall } from './paths.ts'
import { lines, readEvent, readList, readObject, readStatus } from './wire-form.ts'

export interface Identity {
  /** PEM. */
  readonly certificate?: string
  readonly key?: string
  readonly token?: string
}

export interface HttpsOptions {
  /** `https://host:port`, with a path prefix if any. */
  readonly server: string
  /** PEM; the only authorities that count. A function is asked whenever the identity is another. */
  readonly authority: string | (() => string)
  /** Where the certificate carries another name than the URL. */
  readonly serverName?: string
  /** Asked before every request: a new value (by reference) makes new connections, so that certificates can rotate. */
  readonly identity: () => Identity
  readonly userAgent: string
  /** What answers are to be; JSON when absent. */
  readonly accept?: string
  /** Milliseconds for a whole answer, watches excepted; 60 000 when absent. */
  readonly timeout?: number
  /** Largest answer in bytes; 256 MiB when absent. */
  readonly most?: number
  /** Integers beyond 2^53 want another one than JSON. */
  readonly parse?: (text: string) => unknown
  readonly print?: (value: unknown) => string
}

export interface HttpsTransport {
  readonly send: Transport
  /** The identity may be another: nothing goes on under a former one but answers that are under way. Watches are resumed by who reads them. */
  renew(): void
  close(): void
}

const longestLine = 32 << 20
const silence = 60_000

interface Connections {
  readonly identity: Identity
  readonly agent: Agent
  /** Ends what lasts. */
  readonly over: AbortController
}

export function httpsTransport(options: HttpsOptions): HttpsTransport {
  const server = new URL(options.server)
  if (server.protocol !== 'https:') throw new Error(`${options.server} is not https`)
  let current: Connections | undefined
  const connections = (): Connections => {
    const identity = options.identity()
    if (current?.identity === identity) return current
    if (current !== undefined) retire(current)
    current = { identity, agent: makeAgent(options, identity), over: new AbortController() }
    return current
  }
  const open = (call: HttpCall, how: How): Promise<IncomingMessage> => {
    const { agent, identity, over } = connections()
    return exchange(
      call,
      {
        timeout: how.timeout,
        signal: how.lasts === true ? AbortSignal.any([how.signal, over.signal]) : how.signal,
        agent,
        host: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port === '' ? 443 : Number(server.port),
        path: server.pathname.replace(/\/$/, '') + call.path,
        method: call.method,
        headers: headers(options, identity, call),
      },
      options.print ?? JSON.stringify,
    )
  }
  return {
    send: request => (request.verb === 'watch' ? watch(options, open, request) : answer(options, open, request)),
    renew: () => void (current === undefined ? undefined : connections()),
    close: () => current?.agent.destroy(),
  }
}

interface How {
  readonly signal: AbortSignal
  readonly timeout: number
  /** It goes on until somebody ends it. */
  readonly lasts?: boolean
}

type Open = (call: HttpCall, how: How) => Promise<IncomingMessage>

/** Answers that are under way on the old connections may end; nothing else goes on there. */
function retire({ agent, over }: Connections): void {
  agent.options.keepAlive = false
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
  over.abort()
}

function makeAgent(options: HttpsOptions, identity: Identity): Agent {
  return new Agent({
    keepAlive: true,
    maxSockets: 64,
    ca: typeof options.authority === 'string' ? options.authority : options.authority(),
    ...strictTls,
    ...(options.serverName === undefined ? {} : { servername: options.serverName }),
    ...(identity.certificate === undefined ? {} : { cert: identity.certificate }),
    ...(identity.key === undefined ? {} : { key: identity.key }),
  })
}

const headers = (options: HttpsOptions, identity: Identity, call: HttpCall): Record<string, string> => ({
  accept: options.accept ?? 'application/json',
  'user-agent': options.userAgent,
  ...(identity.token === undefined ? {} : { authorization: `Bearer ${identity.token}` }),
  ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }),
})

function exchange(
  call: HttpCall,
  options: RequestOptions,
  print: (value: unknown) => string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(options, resolve)
    request.on('error', error => reject(serviceUnavailable(`cannot reach the server: ${error.message}`)))
    request.on('timeout', () => request.destroy(new Error('no answer in time')))
    // Node frames the body of a DELETE only by its length; without it the server takes the body for another request.
    const body = call.body === undefined ? undefined : Buffer.from(print(call.body))
    if (body !== undefined) request.setHeader('content-length', body.byteLength)
    request.end(body)
  })
}

async function collect(message: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of message) {
    size += chunk.length
    if (size > most) throw tooLarge('the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const parsed = (options: HttpsOptions, body: Buffer): unknown => {
  const text = body.toString('utf8')
  try {
    return (options.parse ?? JSON.parse)(text)
  } catch {
    return text
  }
}

const succeeded = (code: number): boolean => code >= 200 && code < 300

/** A connection that breaks in the middle of an answer is the server's absence, not a bug of ours. */
async function reached<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof StatusError ? error : serviceUnavailable(`the connection broke: ${String(error)}`)
  }
}

async function answer(options: HttpsOptions, open: Open, request: DoorRequest): Promise<Answer> {
  const timeout = options.timeout ?? 60_000
  const message = await open(httpCall(request), { signal: AbortSignal.timeout(timeout), timeout: silence })
  const body = await reached(collect(message, options.most ?? 256 << 20))
  const code = message.statusCode ?? 0
  const contentType = message.headers['content-type'] ?? ''
  if (!succeeded(code)) throw readStatus(code, parsed(options, body))
  if (!contentType.startsWith('application/json')) return { type: 'bytes', code, contentType, body }
  const value = parsed(options, body)
  return request.verb === 'list' ? readList(value) : { type: 'object', code, object: readObject(value) }
}

async function watch(
  options: HttpsOptions,
  open: Open,
  request: Extract<DoorRequest, { verb: 'watch' }>,
): Promise<Answer> {
  const seconds = request.options?.timeoutSeconds ?? 3600
  const message = await open(httpCall(request), {
    signal: request.signal,
    timeout: seconds * 1000 + silence,
    lasts: true,
  })
  const code = message.statusCode ?? 0
  if (!succeeded(code)) throw readStatus(code, parsed(options, await reached(collect(message, 1 << 20))))
  return { type: 'watch', events: events(options, message, request.signal) }
}

async function* events(
  options: HttpsOptions,
  message: IncomingMessage,
  signal: AbortSignal,
): AsyncGenerator<readonly WatchEvent[]> {
  try {
    for await (const batch of lines(message, longestLine)) {
      const { read, error } = readBatch(options, batch)
      if (read.length > 0) yield read
      if (error !== undefined) throw error
    }
  } catch (error) {
    // An abort is the caller's wish; a broken connection ends the watch as a slow watcher's does, and it is resumed.
    if (error instanceof StatusError && !signal.aborted) throw error
  } finally {
    message.destroy()
  }
}

/** What precedes an error is still told. */
function readBatch(options: HttpsOptions, batch: readonly string[]) {
  const read: WatchEvent[] = []
  try {
    for (const line of batch) read.push(readEvent((options.parse ?? JSON.parse)(line)))
    return { read }
  } catch (error) {
    return { read, error }
  }
}
