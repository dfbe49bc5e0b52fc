/** Passes a request on, and its answer back, as they come: nothing is gathered, nothing is followed, nobody waits for ever. */
import type { IncomingMessage } from 'node:http'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StatusError, badRequest, tooLarge } from '#api/status.ts'
import { bodyLimit } from '#server/http/body.ts'
import { type Response, send } from '#server/http/respond.ts'
import { timeoutIn } from '#server/http/timeout.ts'
import { Unreachable } from '#server/outbound/service.ts'
import type { Passing } from '#server/remotes.ts'
import { CallError, describe } from '#wire/failure.ts'
import type { Registered } from './catalog.ts'
import { type DialParts, type Dialled, dial } from './dial.ts'
import { type Headers, answerHeaders, requestHeaders } from './headers.ts'

/** Milliseconds: until an answer begins, and of all of it where it is no stream. */
export const patience = 60_000

const streams = new Set(['attach', 'exec', 'log', 'portforward', 'proxy'])

const isLong = ({ asked: { verb, subresource } }: Passing): boolean => verb === 'watch' || streams.has(subresource)

/** What went wrong on the way, in text as upstream tells it: clients look at the code. */
export function tell(response: Response, code: number, message: string): void {
  send(response, {
    code,
    contentType: 'text/plain; charset=utf-8',
    body: `${message}\n`,
    headers: { 'x-content-type-options': 'nosniff' },
  })
}

export const unavailable = 'service unavailable'

const late = (): StatusError =>
  new StatusError({
    reason: 'Timeout',
    message: 'Timeout: request did not complete within the allotted timeout',
    code: 504,
    details: {},
  })

/** Fails beyond the limit, and where the length is another than was declared: what is too much would be a request of its own. */
export function bounded(declared: number | undefined): Transform {
  let size = 0
  const wrong = (): StatusError => badRequest('the request body is not as long as it was said to be')
  return new Transform({
    transform(part: Buffer, _, done) {
      size += part.byteLength
      if (size > bodyLimit) done(tooLarge(`Request entity too large: limit is ${bodyLimit}`))
      else if (declared !== undefined && size > declared) done(wrong())
      else done(null, part)
    },
    flush: done => done(declared !== undefined && size < declared ? wrong() : null),
  })
}

/** The declared length of a body, taken out of the headers where it is none. */
function lengthIn(headers: Headers): number | undefined {
  const length = headers['content-length']
  if (typeof length === 'string' && /^\d{1,15}$/.test(length)) return Number(length)
  Reflect.deleteProperty(headers, 'content-length')
  return undefined
}

const bodiless = new Set(['GET', 'HEAD'])

interface Body {
  readonly stream: Readable
  readonly length: number | undefined
}

interface Answered {
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
    pipeline(body.stream, bounded(body.length), asking).catch((error: Error) => {
      reject(error)
      asking.destroy(error)
    })
  return promise
}

interface Watched extends Passing {
  /** Called with each request before it is sent. */
  readonly dialling: (dialled: Dialled) => void
}

/** @throws Error of the connection */
async function begin(parts: DialParts, to: Registered, passing: Watched): Promise<Answered> {
  const { request, user, dialling } = passing
  const method = request.method ?? 'GET'
  const { remoteAddress } = request.socket
  const headers = requestHeaders({ rawHeaders: request.rawHeaders, url: request.url, remoteAddress }, user)
  if (passing.auditId !== undefined) headers['audit-id'] = passing.auditId
  const body = bodiless.has(method) ? undefined : { stream: request, length: lengthIn(headers) }
  if (body === undefined) Reflect.deleteProperty(headers, 'content-length')
  for (let tries = 0; ; tries++) {
    // A body can be sent only once: not on a connection that may have been closed meanwhile.
    const alone = tries > 0 || body !== undefined
    const dialled = await dial(parts, to, { method, path: request.url ?? '/', headers, alone })
    dialling(dialled)
    if (passing.response.destroyed) dialled.asking.destroy()
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

class NotReached extends Error {}

const failure = (error: unknown, { place }: Dialled): Error =>
  error instanceof StatusError ? error : new NotReached(`error trying to reach service: ${describe(error, place)}`)

/** @throws TypeError for headers that this protocol does not know. */
function beginWith(response: Response, code: number, headers: Headers): void {
  response.statusCode = code
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  // A watch may have nothing to say for long.
  if ('stream' in response) response.writeHead(code)
  else response.flushHeaders()
}

async function hand({ answer, dialled }: Answered, { response, begun }: Passing): Promise<void> {
  const code = answer.statusCode ?? 502
  if (code >= 300 && code < 400 && answer.headers.location !== undefined) {
    dialled.asking.destroy()
    return tell(response, 502, 'the backend attempted to redirect this request, which is not permitted')
  }
  try {
    beginWith(response, code, answerHeaders(answer.rawHeaders))
    begun?.(code)
  } catch {
    dialled.asking.destroy()
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    return tell(response, 502, 'the backend answered with headers that cannot be passed on')
  }
  // An end would look like a whole answer.
  await pipeline(answer, response).catch(() => response.destroy())
}

/** Resolves when the answer is passed on, or nobody wants it any more. @throws StatusError before it began. */
export async function pass(parts: DialParts, to: Registered, passing: Passing): Promise<void> {
  const { response } = passing
  if (!to.available) return tell(response, 503, unavailable)
  if (Number(passing.request.headers['content-length'] ?? 0) > bodyLimit)
    throw tooLarge(`Request entity too large: limit is ${bodyLimit}`)
  // Those who look on for long are somebody else's concern from here.
  if (passing.asked.verb === 'watch') passing.running()
  let current: Dialled | undefined
  const { timeout = patience } = isLong(passing) ? {} : timeoutIn(passing.query)
  const over = late()
  const stop = (): void => void current?.asking.destroy()
  response.once('close', stop)
  const cancel = parts.clock.after(Math.min(patience, timeout), () => current?.asking.destroy(over))
  try {
    const begun = await begin(parts, to, { ...passing, dialling: dialled => void (current = dialled) })
    if (isLong(passing)) cancel()
    if (response.destroyed) stop()
    else await hand(begun, passing)
  } catch (error) {
    if (response.destroyed) return
    if (error instanceof NotReached) return tell(response, 503, error.message)
    if (error instanceof Unreachable) return tell(response, 503, unavailable)
    if (error instanceof CallError) return tell(response, 503, `error trying to reach service: ${error.message}`)
    throw error
  } finally {
    cancel()
    response.off('close', stop)
  }
}
