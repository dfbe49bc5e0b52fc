/**
 * A client of HTTP/2 that only opens streams and hears what comes on them. Node's own takes as much of the machine for a
 * thousand watches as the server does, and then it is the client that is late.
 */
import { type TLSSocket, connect } from 'node:tls'

export interface Place {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const [data, headers, settings, goAway, windowUpdate] = [0, 1, 4, 7, 8]
const headLength = 9
const endOfStream = 0x1
const endOfHeaders = 0x4
const initialWindow = 4
/** More than a run sends: nothing has to be granted again. */
const widest = 2 ** 31 - 1
const firstWindow = 65_535

function frame(type: number, flags: number, { stream, payload }: { stream: number; payload: Buffer }): Buffer {
  const head = Buffer.alloc(headLength)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** HPACK, a length of up to 16 KiB in seven bits and more. */
function lengthBytes(length: number): readonly number[] {
  if (length < 127) return [length]
  const rest = length - 127
  return rest < 128 ? [127, rest] : [127, (rest & 127) | 128, rest >> 7]
}

/** HPACK: never indexed, name from the static table. */
const literal = (nameIndex: number, value: string): Buffer =>
  Buffer.concat([Buffer.from([nameIndex, ...lengthBytes(value.length)]), Buffer.from(value)])

const [authority, path] = [1, 4]
/** `:method: GET` and `:scheme: https` of the static table. */
const getOverHttps = Buffer.from([0x82, 0x87])

const request = (host: string, url: string): Buffer =>
  Buffer.concat([getOverHttps, literal(authority, host), literal(path, url)])

/** What came on a stream: bytes from `start` to `end` of `bytes`, which are only there until this returns. */
export type OnData = (stream: number, bytes: Buffer, range: { readonly start: number; readonly end: number }) => void

export class RawSession {
  readonly #socket: TLSSocket
  readonly #onData: OnData
  #rest: Buffer = Buffer.alloc(0)
  #answered = 0
  #wanted = 0
  readonly #opened = Promise.withResolvers<void>()

  constructor({ host, port, ca, cert, key }: Place, onData: OnData) {
    this.#onData = onData
    const identity = cert === undefined ? {} : { cert, key: key ?? '' }
    this.#socket = connect({ host, port, ca, ...identity, ALPNProtocols: ['h2'] })
    this.#socket.on('data', (part: Buffer) => this.#take(part))
    this.#socket.on('error', error => this.#opened.reject(error))
  }

  /** Resolves when each of them has begun to answer. */
  open(paths: readonly string[]): Promise<void> {
    this.#wanted = paths.length
    const ours = Buffer.alloc(6)
    ours.writeUInt16BE(initialWindow, 0)
    ours.writeUInt32BE(widest, 2)
    const grant = Buffer.alloc(4)
    grant.writeUInt32BE(widest - firstWindow)
    const begin = [
      preface,
      frame(settings, 0, { stream: 0, payload: ours }),
      frame(windowUpdate, 0, { stream: 0, payload: grant }),
      ...paths.map((one, at) =>
        frame(headers, endOfHeaders | endOfStream, { stream: at * 2 + 1, payload: request('bench', one) }),
      ),
    ]
    this.#socket.write(Buffer.concat(begin))
    return this.#opened.promise
  }

  #take(part: Buffer): void {
    const bytes = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part])
    let at = 0
    while (bytes.length - at >= headLength) {
      const end = at + headLength + bytes.readUIntBE(at, 3)
      if (bytes.length < end) break
      this.#frame(bytes, at, end)
      at = end
    }
    this.#rest = bytes.subarray(at)
  }

  #frame(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 3]
    if (type === data) this.#onData(bytes.readUInt32BE(at + 5), bytes, { start: at + headLength, end })
    else if (type === headers && ++this.#answered === this.#wanted) this.#opened.resolve()
    else if (type === goAway) this.#opened.reject(new Error('the server ended the connection'))
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
