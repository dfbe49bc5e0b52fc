/**
 * SPDY/3.1 as Kubernetes' streaming servers speak it (moby/spdystream), client side: streams with headers, data both
 * ways, half-close. There is no flow control on that side, so a reader that is slow pauses the whole connection.
 */
import { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { headerDictionary } from './spdy-dictionary.ts'

const control = { SYN_STREAM: 1, SYN_REPLY: 2, RST_STREAM: 3, PING: 6, GOAWAY: 7 } as const
const version = 0x8003
const flagFin = 1
const cancel = 5
/** Largest frame that the length field can tell; a peer that sends more than this in one piece is not believed. */
const mostFrame = 4 << 20
const headSize = 8

function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0]
  for (const byte of bytes) {
    low = (low + byte) % 65_521
    high = (high + low) % 65_521
  }
  return ((high << 16) | low) >>> 0
}

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, 4 * index))
  return bytes
}

/** Header blocks share one zlib stream over the connection; ours are stored, not compressed, which needs no state. */
const zlibHeader = Buffer.concat([Buffer.from([0x78, 0xbb]), u32(adler32(headerDictionary))])
/** The peer's inflate gives out what it has only at an empty stored block. */
const flush = Buffer.from([0, 0, 0, 0xff, 0xff])

export function headerBlock(headers: Readonly<Record<string, string>>, first: boolean): Buffer {
  const entries = Object.entries(headers)
  const sized = (text: string): readonly Buffer[] => [u32(Buffer.byteLength(text)), Buffer.from(text)]
  const raw = Buffer.concat([
    u32(entries.length),
    ...entries.flatMap(([name, value]) => [...sized(name), ...sized(value)]),
  ])
  if (raw.length > 0xffff) throw new RangeError('headers too long for one block')
  const stored = Buffer.alloc(5)
  stored.writeUInt16LE(raw.length, 1)
  stored.writeUInt16LE(raw.length ^ 0xffff, 3)
  return Buffer.concat([first ? zlibHeader : Buffer.alloc(0), stored, raw, flush])
}

export interface Frame {
  /** Absent: data. */
  readonly type?: number
  /** Of data frames. */
  readonly stream: number
  readonly flags: number
  readonly body: Buffer
}

/** Takes bytes as they come, gives whole frames. @throws RangeError for a frame beyond the limit */
export function makeParser(): (chunk: Buffer) => readonly Frame[] {
  let parts: Buffer[] = []
  let have = 0
  // Bytes that the next frame takes, or its head: pieces of it are not copied each time that one comes.
  let need = headSize
  return chunk => {
    parts.push(chunk)
    have += chunk.length
    if (have < need) return []
    const bytes = parts.length === 1 ? chunk : Buffer.concat(parts, have)
    const frames: Frame[] = []
    let at = 0
    for (need = headSize; bytes.length - at >= headSize; need = headSize) {
      const length = bytes.readUIntBE(at + 5, 3)
      if (length > mostFrame) throw new RangeError('SPDY frame too large')
      need += length
      if (bytes.length - at < need) break
      const word = bytes.readUInt32BE(at)
      const body = bytes.subarray(at + headSize, at + need)
      const flags = bytes[at + 4] ?? 0
      frames.push(word & 0x8000_0000 ? { type: word & 0xffff, stream: 0, flags, body } : { stream: word, flags, body })
      at += need
    }
    parts = at < bytes.length ? [bytes.subarray(at)] : []
    have = bytes.length - at
    return frames
  }
}

interface StreamParts {
  readonly send: (data: Buffer, fin: boolean, done: () => void) => void
  readonly cancel: () => void
  readonly resume: () => void
}

/** One stream of a connection; ending it closes our half. */
export class SpdyStream extends Duplex {
  readonly #send: StreamParts['send']
  readonly #cancel: () => void
  readonly #resume: () => void
  constructor(parts: StreamParts) {
    super({ allowHalfOpen: true })
    this.#send = parts.send
    this.#cancel = parts.cancel
    this.#resume = parts.resume
  }
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#send(chunk, false, done)
  }
  override _final(done: () => void): void {
    this.#send(Buffer.alloc(0), true, done)
  }
  override _read(): void {
    this.#resume()
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.readableEnded) this.#cancel()
    done(error)
  }
}

interface Opening {
  readonly stream: SpdyStream
  /** The peer has closed its half; what it sends after that does not count. */
  ended: boolean
  readonly opened: PromiseWithResolvers<SpdyStream>
}

function end(opening: Opening): void {
  if (opening.ended) return
  opening.ended = true
  opening.stream.push(null)
}

export class SpdyConnection {
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #streams = new Map<number, Opening>()
  #next = 1

  /** @param head what came with the upgrade */
  constructor(socket: Socket, head: Buffer) {
    this.#socket = socket
    socket.setNoDelay(true)
    const parse = makeParser()
    const take = (chunk: Buffer): void => {
      try {
        for (const frame of parse(chunk)) this.#take(frame)
      } catch {
        socket.destroy()
      }
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    socket.on('data', take)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      for (const opening of this.#streams.values()) {
        opening.opened.reject(new Error('connection closed'))
        end(opening)
      }
      resolve()
    })
    if (head.length > 0) take(head)
  }

  /** Resolves when the peer has accepted the stream. */
  open(headers: Readonly<Record<string, string>>): Promise<SpdyStream> {
    const id = this.#next
    this.#next += 2
    const opened = Promise.withResolvers<SpdyStream>()
    opened.promise.catch(() => undefined)
    const stream = new SpdyStream({
      send: (data, fin, done) => this.#data(id, { data, fin, done }),
      cancel: () => this.#control(control.RST_STREAM, u32(id, cancel)),
      resume: () => this.#socket.resume(),
    })
    this.#streams.set(id, { stream, ended: false, opened })
    this.#control(control.SYN_STREAM, Buffer.concat([u32(id, 0), Buffer.alloc(2), headerBlock(headers, id === 1)]))
    return opened.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #control(type: number, body: Buffer): void {
    const head = Buffer.alloc(8)
    head.writeUInt16BE(version, 0)
    head.writeUInt16BE(type, 2)
    head.writeUInt32BE(body.length, 4)
    if (this.#socket.writable) this.#socket.write(Buffer.concat([head, body]))
  }

  #data(id: number, { data, fin, done }: { data: Buffer; fin: boolean; done: () => void }): void {
    if (!this.#socket.writable) return done()
    const head = u32(id, data.length)
    head[4] = fin ? flagFin : 0
    this.#socket.cork()
    this.#socket.write(head)
    this.#socket.write(data, () => done())
    this.#socket.uncork()
  }

  #take(frame: Frame): void {
    if (frame.type === undefined) return this.#receive(frame)
    const id = frame.body.length >= 4 ? frame.body.readUInt32BE(0) & 0x7fff_ffff : 0
    const opening = this.#streams.get(id)
    if (frame.type === control.SYN_REPLY && opening !== undefined) {
      opening.opened.resolve(opening.stream)
      if (frame.flags & flagFin) end(opening)
    } else if (frame.type === control.RST_STREAM && opening !== undefined) {
      opening.opened.reject(new Error('stream refused'))
      end(opening)
    } else if (frame.type === control.PING && id % 2 === 0) this.#control(control.PING, Buffer.from(frame.body))
  }

  #receive({ stream: id, flags, body }: Frame): void {
    const opening = this.#streams.get(id)
    if (opening === undefined || opening.ended) return
    // Kept data must not hold on to the socket's larger buffer for long: push copies when it is small.
    if (body.length > 0 && !opening.stream.push(body)) this.#socket.pause()
    if (flags & flagFin) end(opening)
  }
}
