/** Passes a request on, and its answer back, as they come: nothing is gathered, nothing is followed, nobody waits for ever. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '#base/clock.ts'
import { StatusError, badRequest, tooLarge } from '#api/status.ts'
import { CallError, describe } from '#wire/failure.ts'
import { type Request, bodyLimit } from '../http/body.ts'
import { type Response, gone } from '../http/respond.ts'
import { type Headers, answerHeaders } from './headers.ts'

/** Milliseconds: until an answer begins, and of all of it where it is no stream. */
export const patience = 60_000

const late = (): StatusError =>
  new StatusError({
    reason: 'Timeout',
    message: 'Timeout: request did not complete within the allotted timeout',
    code: 504,
    details: {},
  })

/** Fails beyond the limit, and where the length is another than was declared: what is too much would be a request of its own. */
export function bounded(declared: number | undefined, limit: number = bodyLimit): Transform {
  let size = 0
  const wrong = (): StatusError => badRequest('the request body is not as long as it was said to be')
  return new Transform({
    transform(part: Buffer, _, done) {
      size += part.byteLength
      if (size > limit) done(tooLarge(`Request entity too large: limit is ${limit}`))
      else if (declared !== undefined && size > declared) done(wrong())
      else done(null, part)
    },
    flush: done => done(declared !== undefined && size < declared ? wrong() : null),
  })
}

interface Body {
  readonly stream: Readable
  readonly length: number | undefined
  readonly limit: number | undefined
}

function hasBody(request: Request): boolean {
  if ('stream' in request) return !request.stream.endAfterHeaders
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers
  return length !== '0' || coding !== undefined
}

/**
 * The body, and in the headers how the other side finds its end. Where its length is not known it goes in chunks, which node would
 * not do by itself for every method: a body without an end would be read as a request of its own.
 */
function bodyOf(request: Request, headers: Headers, limit: number | undefined): Body | undefined {
  const said = headers['content-length']
  Reflect.deleteProperty(headers, 'content-length')
  if (!hasBody(request)) return undefined
  const length = typeof said === 'string' && /^\d{1,15}$/.test(said) ? Number(said) : undefined
  if (length === undefined) headers['transfer-encoding'] = 'chunked'
  else headers['content-length'] = String(length)
  return { stream: request, length, limit }
}

/** A request that is open to the other side, its body not sent. */
export interface Dialled {
  readonly asking: ClientRequest
  /** `host:port`, for messages. */
  readonly place: string
}

export interface Opening {
  readonly method: string
  readonly headers: Headers
  /** On a connection of its own. */
  readonly alone: boolean
}

/** The other side, as it is asked this time. */
export interface Route {
  readonly clock: Clock
  readonly headers: Headers
  /** Bytes of a body; as much as a request of ours may have unless given. */
  readonly limit?: number
  /** @throws Error before anything is sent. */
  open(opening: Opening): Promise<Dialled>
}

export interface Answered {
  readonly answer: IncomingMessage
  readonly dialled: Dialled
}

function answerOf({ asking }: Dialled, body: Body | undefined): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  asking.on('response', resolve)
  asking.on('upgrade', (_, socket) => {
    socket.destroy()
    reject(new CallError('unexpected switch of protocols'))
  })
  asking.on('error', reject)
  if (body === undefined) asking.end()
  // An answer may come before the body is read; what breaks off then breaks off the answer.
  else
    pipeline(body.stream, bounded(body.length, body.limit), asking).catch((error: Error) => {
      reject(error)
      asking.destroy(error)
    })
  return promise
}

/** The message is upstream's. */
export class NotReached extends Error {}

export const notReached = (error: unknown, place: string): NotReached =>
  new NotReached(`error trying to reach service: ${describe(error, place)}`)

const failure = (error: unknown, { place }: Dialled): Error =>
  error instanceof StatusError ? error : notReached(error, place)

export interface Passed {
  readonly request: Request
  readonly response: Response
  /** Whatever time it takes, once it has begun. */
  readonly long: boolean
  /** Milliseconds until it begins, or is over where it is not long. */
  readonly timeout: number
}

interface Watched extends Passed {
  /** Called with each request before it is sent. */
  readonly dialling: (dialled: Dialled) => void
}

/** @throws NotReached, StatusError */
async function begin(route: Route, { request, response, dialling }: Watched): Promise<Answered> {
  const method = request.method ?? 'GET'
  const { headers } = route
  const body = bodyOf(request, headers, route.limit)
  for (let tries = 0; ; tries++) {
    // A body can be sent only once: not on a connection that may have been closed meanwhile.
    const alone = tries > 0 || body !== undefined
    const dialled = await route.open({ method, headers, alone })
    dialling(dialled)
    if (gone(response)) dialled.asking.destroy()
    try {
      return { answer: await answerOf(dialled, body), dialled }
    } catch (error) {
      // A connection that lay idle was closed by the other side at the moment we took it.
      const code: unknown = error instanceof Error && 'code' in error ? error.code : ''
      const stale = dialled.asking.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')
      if (alone || !stale) throw failure(error, dialled)
    }
  }
}

/** @throws TypeError for headers that this protocol does not know. */
function beginWith(response: Response, code: number, headers: Headers): void {
  response.statusCode = code
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  // A watch may have nothing to say for long.
  if ('stream' in response) response.writeHead(code)
  else response.flushHeaders()
}

/** What of an answer is another one for the client. */
export interface Changed {
  readonly headers: Headers
  /** What its body goes through, in turn. */
  readonly through?: readonly Transform[]
}

export interface Handing {
  /** Called when the answer begins. */
  readonly begun?: ((code: number) => void) | undefined
  readonly change?: (answer: IncomingMessage, headers: Headers) => Changed
}

/** Resolves when the answer is passed on. @returns false where its headers cannot be: nothing was answered then. */
export async function hand(
  { answer, dialled }: Answered,
  response: Response,
  { begun, change }: Handing,
): Promise<boolean> {
  const code = answer.statusCode ?? 502
  const plain = answerHeaders(answer.rawHeaders)
  const { headers, through = [] } = change?.(answer, plain) ?? { headers: plain }
  try {
    beginWith(response, code, headers)
  } catch {
    dialled.asking.destroy()
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    return false
  }
  begun?.(code)
  // An end would look like a whole answer.
  await pipeline([answer, ...through, response]).catch(() => response.destroy())
  return true
}

/**
 * Asks, and gives what is answered to `take` as long as the client is there.
 * @throws NotReached, StatusError and what `open` throws, before anything was answered
 */
export async function ask(route: Route, passed: Passed, take: (answered: Answered) => Promise<void>): Promise<void> {
  const { response, long, timeout } = passed
  let current: Dialled | undefined
  const over = late()
  const stop = (): void => void current?.asking.destroy()
  response.once('close', stop)
  const cancel = route.clock.after(timeout, () => current?.asking.destroy(over))
  try {
    const answered = await begin(route, { ...passed, dialling: dialled => void (current = dialled) })
    if (long) cancel()
    if (gone(response)) stop()
    else await take(answered)
  } catch (error) {
    if (!gone(response)) throw error
  } finally {
    cancel()
    response.off('close', stop)
  }
}
