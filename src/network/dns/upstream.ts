/** Asks the machine's own resolvers, and remembers what they said for as long as they allow. */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { type Query, type Scan, WireError, optBytes, scanReply } from './wire.ts'

export interface Upstream {
  /** @returns the reply, to be sent on with the asker's id; undefined when nobody answers in time or too many ask */
  ask(query: Query, tcp: boolean): Promise<UpstreamReply | undefined>
}

export interface UpstreamReply {
  readonly message: Buffer
  readonly scan: Scan
}

export interface UpstreamParts {
  readonly clock: Clock
  /** Addresses, asked in this order. */
  readonly servers: () => readonly string[]
  /** One exchange with a server. @throws Error */
  readonly exchange?: Exchange
  readonly port?: number
}

export type Exchange = (to: { server: string; port: number; tcp: boolean }, message: Buffer) => Promise<Buffer>

const timeoutMs = 2_000
const rounds = 2
const mostAtOnce = 512
const mostKept = 4_096
const longestKept = 4_096
const longestSeconds = 300
const shortestNegativeSeconds = 30

/** A socket for each question: a port and an id that nobody can guess, and the kernel drops what others send. */
function askUdp(server: string, port: number, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4')
    let open = true
    const end = (error?: Error): void => {
      if (!open) return
      open = false
      clearTimeout(timer)
      socket.close()
      if (error !== undefined) reject(error)
    }
    const timer = setTimeout(() => end(new Error('no answer in time')), timeoutMs)
    socket.on('error', end)
    socket.on('message', reply => {
      if (!answers(message, reply)) return
      end()
      resolve(reply)
    })
    socket.connect(port, server, () => {
      if (open) socket.send(message)
    })
  })
}

function askTcp(server: string, port: number, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port })
    const chunks: Buffer[] = []
    const end = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(timeoutMs, () => end(new Error('no answer in time')))
    socket.on('error', end)
    socket.on('close', () => reject(new Error('closed without an answer')))
    const size = Buffer.alloc(2)
    size.writeUInt16BE(message.length)
    socket.write(Buffer.concat([size, message]))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.length < 2 || all.length < all.readUInt16BE(0) + 2) return
      const reply = all.subarray(2, all.readUInt16BE(0) + 2)
      socket.destroy()
      if (answers(message, reply)) resolve(reply)
      else reject(new WireError('an answer to another question'))
    })
  })
}

/** Same id and the very same question, letters' case included. */
function answers(query: Buffer, reply: Buffer): boolean {
  const question = query.subarray(12, questionEnd(query))
  const answered =
    reply.length >= 12 && query.readUInt16BE(0) === reply.readUInt16BE(0) && ((reply[2] ?? 0) & 0x80) !== 0
  return answered && reply.subarray(12, 12 + question.length).equals(question)
}

function questionEnd(message: Buffer): number {
  let at = 12
  while ((message[at] ?? 0) !== 0) at += (message[at] ?? 0) + 1
  return at + 5
}

const exchangeOverNetwork: Exchange = ({ server, port, tcp }, message) =>
  tcp ? askTcp(server, port, message) : askUdp(server, port, message)

function questionTo(query: Query): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(randomInt(0x1_00_00), 0)
  header.writeUInt16BE(0x100 | (query.checkingDisabled ? 0x10 : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(query.edns === undefined ? 0 : 1, 10)
  const opt = query.edns === undefined ? [] : [optBytes(0, query.edns.dnssec)]
  return Buffer.concat([header, query.question, ...opt])
}

interface Kept extends UpstreamReply {
  readonly at: number
  readonly until: number
}

class Forwarder implements Upstream {
  readonly #parts: UpstreamParts
  readonly #kept = new Map<string, Kept>()
  readonly #asking = new Map<string, Promise<UpstreamReply | undefined>>()

  constructor(parts: UpstreamParts) {
    this.#parts = parts
  }

  async ask(query: Query, tcp: boolean): Promise<UpstreamReply | undefined> {
    const edns = query.edns === undefined ? '' : query.edns.dnssec ? 'do' : 'edns'
    const key = JSON.stringify([query.name, query.type, query.class, edns, query.checkingDisabled, tcp])
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.until > this.#parts.clock.monotonic()) return this.#aged(kept, query)
    const asking = this.#asking.get(key) ?? this.#begin(key, query, tcp)
    const reply = await asking
    return reply === undefined ? undefined : { ...reply, message: addressed(reply.message, query) }
  }

  #begin(key: string, query: Query, tcp: boolean): Promise<UpstreamReply | undefined> {
    if (this.#asking.size >= mostAtOnce) return Promise.resolve(undefined)
    const asking = this.#askAll(query, tcp)
      .then(reply => {
        if (reply !== undefined) this.#keep(key, reply)
        return reply
      })
      .finally(() => this.#asking.delete(key))
    this.#asking.set(key, asking)
    return asking
  }

  async #askAll(query: Query, tcp: boolean): Promise<UpstreamReply | undefined> {
    const exchange = this.#parts.exchange ?? exchangeOverNetwork
    const port = this.#parts.port ?? 53
    let last: UpstreamReply | undefined
    for (let round = 0; round < rounds; round++)
      for (const server of this.#parts.servers().slice(0, 3))
        try {
          const message = await exchange({ server, port, tcp }, questionTo(query))
          last = { message, scan: scanReply(message) }
          // Failures and refusals of one server say nothing about the next.
          if (last.scan.code === 0 || last.scan.code === 3) return last
        } catch {
          // The next one may answer.
        }
    return last
  }

  #keep(key: string, reply: UpstreamReply): void {
    const { code, truncated, lifetime, answers: found } = reply.scan
    if (truncated || (code !== 0 && code !== 3) || reply.message.length > longestKept) return
    const positive = code === 0 && found.length > 0
    const seconds = Math.min(lifetime, positive ? longestSeconds : shortestNegativeSeconds)
    if (seconds <= 0) return
    const at = this.#parts.clock.monotonic()
    this.#kept.delete(key)
    this.#kept.set(key, { ...reply, at, until: at + seconds * 1000 })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest)
  }

  #aged({ message, scan, at }: Kept, query: Query): UpstreamReply {
    const passed = Math.floor((this.#parts.clock.monotonic() - at) / 1000)
    const aged = addressed(message, query)
    for (const place of scan.ttls) aged.writeUInt32BE(Math.max(0, message.readUInt32BE(place) - passed), place)
    return { message: aged, scan }
  }
}

/** A copy with the asker's id and the asker's spelling of the name. */
function addressed(message: Buffer, query: Query): Buffer {
  const copy = Buffer.from(message)
  copy.writeUInt16BE(query.id, 0)
  query.question.copy(copy, 12)
  return copy
}

export const makeUpstream = (parts: UpstreamParts): Upstream => new Forwarder(parts)
