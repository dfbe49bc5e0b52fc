/** Upgrades: two connections are joined once the other server has agreed; before that it gets nothing but the request. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { StatusError, internalError } from '#api/status.ts'
import type { PassingUpgrade } from '#server/remotes.ts'
import { joined } from '#server/nodes/join.ts'
import { Unreachable } from '#server/outbound/service.ts'
import { CallError, describe } from '#wire/failure.ts'
import type { Registered } from './catalog.ts'
import { type DialParts, dial } from './dial.ts'
import { answerHeaders, upgradeHeaders } from './headers.ts'
import { patience, unavailable } from './pass.ts'

const away = (message: string): StatusError => new StatusError({ reason: 'ServiceUnavailable', message, details: {} })

/** Bytes of a refusal that are passed on. */
const longestRefusal = 64 * 1024

async function textOf(answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer) {
    parts.push(part)
    size += Buffer.byteLength(part)
    if (size >= longestRefusal) break
  }
  return Buffer.concat(parts).subarray(0, longestRefusal)
}

/** An answer that is no upgrade goes back as it is. */
async function refuse(socket: Duplex, answer: IncomingMessage): Promise<void> {
  const code = answer.statusCode ?? 502
  if (code >= 300 && code < 400) throw new StatusError(redirected)
  const body = await textOf(answer)
  const type = answerHeaders(answer.rawHeaders)['content-type']
  const head = [
    `HTTP/1.1 ${code} ${answer.statusMessage ?? ''}`,
    ...(typeof type === 'string' ? [`content-type: ${type}`] : []),
    `content-length: ${body.byteLength}`,
    'connection: close',
  ]
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]))
}

const redirected = {
  reason: 'InternalError',
  code: 502,
  message: 'the backend attempted to redirect this request, which is not permitted',
  details: {},
} as const

interface Agreement {
  readonly answer: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

function agreement(asking: ClientRequest): Promise<Agreement | IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<Agreement | IncomingMessage>()
  asking.on('upgrade', (answer, socket, head) => resolve({ answer, socket, head }))
  asking.on('response', resolve)
  asking.on('error', reject)
  asking.end()
  return promise
}

/** @throws StatusError when the two cannot be joined. */
export async function join(parts: DialParts, to: Registered, passing: PassingUpgrade): Promise<void> {
  if (!to.available) throw away(unavailable)
  const { request, socket, user } = passing
  const { remoteAddress } = request.socket
  const headers = upgradeHeaders({ rawHeaders: request.rawHeaders, url: request.url, remoteAddress }, user)
  let place = ''
  try {
    const dialled = await dial(parts, to, {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers,
      alone: true,
    })
    place = dialled.place
    const { asking } = dialled
    if (socket.destroyed) asking.destroy()
    socket.once('close', () => asking.destroy())
    const cancel = parts.clock.after(patience, () => asking.destroy(new CallError('context deadline exceeded')))
    try {
      const found = await agreement(asking)
      if ('head' in found) joined({ client: socket, head: passing.head }, found)
      else await refuse(socket, found)
    } finally {
      cancel()
    }
  } catch (error) {
    if (error instanceof StatusError) throw error
    if (error instanceof Unreachable) throw away(unavailable)
    if (error instanceof Error) throw away(`error trying to reach service: ${describe(error, place)}`)
    throw internalError('the connection could not be joined')
  }
}
