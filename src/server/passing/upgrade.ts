/** Upgrades: two connections are joined once the other side has agreed; before that it gets nothing but the request. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'
import { CallError } from '#wire/failure.ts'
import { joined } from '../nodes/join.ts'
import { answerHeaders } from './headers.ts'
import { patience } from './pass.ts'

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
export async function echo(socket: Duplex, answer: IncomingMessage): Promise<void> {
  const body = await textOf(answer)
  const type = answerHeaders(answer.rawHeaders)['content-type']
  const head = [
    `HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}`,
    ...(typeof type === 'string' ? [`content-type: ${type}`] : []),
    `content-length: ${body.byteLength}`,
    'connection: close',
  ]
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]))
}

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

export interface Upgrading {
  readonly socket: Duplex
  /** Bytes that came right behind the request. */
  readonly head: Buffer
}

/** Resolves when the two are joined. @returns the answer of one that did not agree. @throws Error of the connection */
export async function joinWith(
  asking: ClientRequest,
  { socket, head }: Upgrading,
  clock: Clock,
): Promise<IncomingMessage | undefined> {
  if (socket.destroyed) asking.destroy()
  socket.once('close', () => asking.destroy())
  const cancel = clock.after(patience, () => asking.destroy(new CallError('context deadline exceeded')))
  try {
    const found = await agreement(asking)
    if (!('head' in found)) return found
    joined({ client: socket, head }, found)
    return undefined
  } finally {
    cancel()
  }
}
