/**
 * The same bytes for many watchers. Node frames and copies each chunk of HTTP/1.1 for each connection anew; here they are
 * framed once and go to the sockets as they are.
 */
import type { Socket } from 'node:net'
import { type Response, write } from './respond.ts'

const end = '\r\n'

function framed(bytes: Uint8Array): Buffer {
  const head = bytes.byteLength.toString(16) + end
  const chunk = Buffer.allocUnsafeSlow(head.length + bytes.byteLength + end.length)
  chunk.write(head, 'latin1')
  chunk.set(bytes, head.length)
  chunk.write(end, head.length + bytes.byteLength, 'latin1')
  return chunk
}

/** Watchers of a kind are told one after the other: the newest chunk is the only one worth keeping. */
let last: { readonly bytes: Uint8Array; readonly chunk: Uint8Array } = {
  bytes: new Uint8Array(),
  chunk: new Uint8Array(),
}

/** Where the chunk may overtake nothing: what the response itself writes waits in it until the next tick. */
function socketOf(response: Response): Socket | null {
  if ('stream' in response || !response.headersSent || !response.chunkedEncoding) return null
  const { socket } = response
  // Of one that is ended already the response knows what to do.
  return response.writableCorked > 0 || socket?.writable !== true ? null : socket
}

/** As `write`, but nobody hears of it by the response's `drain`. @param bytes of an answer that has begun */
export function writeShared(response: Response, bytes: Uint8Array): void {
  const socket = socketOf(response)
  // A chunk of nothing would be the end.
  if (socket === null || bytes.byteLength === 0) return void write(response, bytes)
  if (last.bytes !== bytes) last = { bytes, chunk: framed(bytes) }
  socket.write(last.chunk)
}
