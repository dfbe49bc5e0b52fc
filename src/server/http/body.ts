/** Request bodies: bounded in size, the rest is refused before it is read. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { badRequest, timedOut, tooLarge } from '#api/status.ts'

export type Request = IncomingMessage | Http2ServerRequest

/** 3 MiB, as upstream. */
export const bodyLimit = 3 * 1024 * 1024

/** A body that takes longer is not sent by a client of ours, in milliseconds. HTTP/1.1 has the listener's own limit. */
const patience = 60_000

const refused = () => tooLarge(`Request entity too large: limit is ${bodyLimit}`)

const late = () => timedOut('the request body was not complete in time')

/** @throws StatusError RequestEntityTooLarge, Timeout, BadRequest when the client breaks off. */
export function readBody(request: Request): Promise<Uint8Array> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > bodyLimit) return Promise.reject(refused())
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const timer = 'stream' in request ? setTimeout(() => reject(late()), patience).unref() : undefined
  const parts: Uint8Array[] = []
  let size = 0
  request.on('data', (part: Uint8Array) => {
    size += part.byteLength
    if (size > bodyLimit) {
      request.removeAllListeners('data')
      request.resume()
      reject(refused())
    } else parts.push(part)
  })
  request.on('end', () => resolve(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size)))
  request.on('error', () => reject(badRequest('the request body could not be read')))
  request.on('aborted', () => reject(badRequest('the request body ended too early')))
  return timer === undefined ? promise : promise.finally(() => clearTimeout(timer))
}
