/** Bodies in parts: gathered into few writes, sent as fast as the client reads, compressed where it takes that. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'
import { Breaks, pause } from '#base/breaks.ts'
import { type Reply, type Response, gone, send } from './respond.ts'

/** Bytes of one write: few TLS records, bounded memory. */
const gathered = 256 * 1024
/** Bytes after which other requests have their turn, even where the client reads as fast as they are made. */
const turn = 1024 * 1024
/** Smaller bodies are not compressed. */
const worthZipping = 128 * 1024
const level = 1
/** Idle buffers that wait for the next list. Allocating them anew would make the collector walk everything that is kept. */
const mostIdle = 16

const idle: Buffer[] = []
const pooled = (): Buffer => idle.pop() ?? Buffer.allocUnsafeSlow(gathered)
const fresh = (): Buffer => Buffer.allocUnsafeSlow(gathered)

/** A part is copied before the next is asked for. */
function* gather(parts: Iterable<Uint8Array>, room: () => Buffer): Generator<Buffer, undefined> {
  let chunk = room()
  let size = 0
  for (const part of parts) {
    let left = part
    while (left.byteLength > chunk.byteLength - size) {
      const fits = chunk.byteLength - size
      chunk.set(left.subarray(0, fits), size)
      left = left.subarray(fits)
      yield chunk
      chunk = room()
      size = 0
    }
    chunk.set(left, size)
    size += left.byteLength
  }
  if (size > 0) yield chunk.subarray(0, size)
}

/** Resolves when there is room again, or nobody reads any more. Leaves no listener behind. */
export function drained(response: Response): Promise<void> {
  if (gone(response)) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => {
    response.off('drain', done)
    response.off('close', done)
    resolve()
  }
  response.on('drain', done)
  response.on('close', done)
  return promise
}

function written(response: Response, chunk: Buffer): boolean {
  // After a failure the connection may still hold on to it.
  const back = (error?: Error | null): void => {
    if ((error ?? undefined) === undefined && idle.length < mostIdle) idle.push(Buffer.from(chunk.buffer))
  }
  return 'stream' in response ? response.write(chunk, back) : response.write(chunk, back)
}

async function plain(response: Response, chunks: Iterable<Buffer>): Promise<void> {
  const breaks = new Breaks(pause, turn)
  for (const chunk of chunks) {
    if (gone(response)) return
    if (!written(response, chunk)) await drained(response)
    await breaks.after(chunk.byteLength)
  }
  response.end()
}

function* following(first: Buffer, rest: Iterable<Buffer>): Generator<Buffer, undefined> {
  yield first
  yield* rest
}

async function zipped(response: Response, chunks: Iterable<Buffer>): Promise<void> {
  if (gone(response)) return
  response.setHeader('content-encoding', 'gzip')
  response.setHeader('vary', 'Accept-Encoding')
  try {
    await pipeline(Readable.from(chunks, { objectMode: false }), createGzip({ level }), response)
  } catch (error) {
    // Who goes away in the middle is no error.
    if (!gone(response)) throw error
  }
}

/**
 * Headers are set already. Stops when the client has gone.
 * @param parts each is used before the next is asked for.
 * @param zip the client takes gzip.
 */
export async function sendParts(response: Response, parts: Iterable<Uint8Array>, zip: boolean): Promise<void> {
  // Over HTTP/2 such an answer is over with its headers: what is written after them is never taken.
  if (response.req.method === 'HEAD') return void response.end()
  if (!zip) return plain(response, gather(parts, pooled))
  const chunks = gather(parts, fresh)
  const { value: first } = chunks.next()
  if (first === undefined) return plain(response, [])
  const all = following(first, chunks)
  return first.byteLength < worthZipping ? plain(response, all) : zipped(response, all)
}

const compress = promisify(gzip)

/** As `send`; large bodies are compressed for clients that take that. */
export async function sendWhole(response: Response, reply: Reply, zip: boolean): Promise<void> {
  if (!zip || reply.body.length < worthZipping) return send(response, reply)
  const body = await compress(reply.body, { level })
  send(response, { ...reply, body, headers: { ...reply.headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' } })
}
