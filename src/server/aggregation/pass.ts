/** Passes requests on to the server of an APIService, and its answers back. Redirects are refused. */
import { tooLarge } from '#api/status.ts'
import { bodyLimit } from '#server/http/body.ts'
import { type Response, send } from '#server/http/respond.ts'
import { timeoutIn } from '#server/http/timeout.ts'
import { Unreachable } from '#server/outbound/service.ts'
import { type Answered, NotReached, type Route, ask, hand, patience } from '#server/passing/pass.ts'
import type { Passing } from '#server/remotes.ts'
import { CallError } from '#wire/failure.ts'
import type { Registered } from './catalog.ts'
import { type DialParts, dial } from './dial.ts'
import { requestHeaders } from './headers.ts'

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

async function back(answered: Answered, { response, begun }: Passing): Promise<void> {
  const { answer, dialled } = answered
  const code = answer.statusCode ?? 502
  if (code >= 300 && code < 400 && answer.headers.location !== undefined) {
    dialled.asking.destroy()
    return tell(response, 502, 'the backend attempted to redirect this request, which is not permitted')
  }
  if (!(await hand(answered, response, { begun })))
    tell(response, 502, 'the backend answered with headers that cannot be passed on')
}

/** Resolves when the answer is passed on, or nobody wants it any more. @throws StatusError before it began. */
export async function pass(parts: DialParts, to: Registered, passing: Passing): Promise<void> {
  const { request, response } = passing
  if (!to.available) return tell(response, 503, unavailable)
  if (Number(request.headers['content-length'] ?? 0) > bodyLimit)
    throw tooLarge(`Request entity too large: limit is ${bodyLimit}`)
  // Those who look on for long are somebody else's concern from here.
  if (passing.asked.verb === 'watch') passing.running()
  const { remoteAddress } = request.socket
  const headers = requestHeaders({ rawHeaders: request.rawHeaders, url: request.url, remoteAddress }, passing.user)
  if (passing.auditId !== undefined) headers['audit-id'] = passing.auditId
  const path = request.url ?? '/'
  const route: Route = { clock: parts.clock, headers, open: opening => dial(parts, to, { ...opening, path }) }
  const long = isLong(passing)
  const { timeout = patience } = long ? {} : timeoutIn(passing.query)
  try {
    await ask(route, { request, response, long, timeout: Math.min(patience, timeout) }, answered =>
      back(answered, passing),
    )
  } catch (error) {
    if (error instanceof NotReached) return tell(response, 503, error.message)
    if (error instanceof Unreachable) return tell(response, 503, unavailable)
    if (error instanceof CallError) return tell(response, 503, `error trying to reach service: ${error.message}`)
    throw error
  }
}
