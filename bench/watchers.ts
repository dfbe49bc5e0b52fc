/**
 * Many watchers and one writer, in a process of its own: `node bench/watchers.ts` reads a WatchJob as JSON from standard input
 * and prints a WatchResult. Delay is counted from the moment at which the write was sent to the event's arrival: all of the
 * write is in it, because its answer may come after the events.
 */
import { type ClientHttp2Session, connect } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { RawSession } from './frames.ts'

export interface WatchJob {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly cert?: string
  readonly key?: string
  readonly watchers: number
  /** Writes a second. */
  readonly rate: number
  readonly seconds: number
  /** Of a hundred watchers' label selectors one matches: each watcher sees a hundredth of the events. */
  readonly selective: boolean
  /** A connection for each watcher, as clients without HTTP/2 have it. */
  readonly http1: boolean
}

export interface WatchResult {
  readonly delivered: number
  readonly expected: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

const path = '/api/v1/namespaces/default/configmaps'
/** Streams of one connection, as Go's clients share theirs. */
const perSession = 100
const shares = 100

const opening = Buffer.from('"name":"w-')
const quote = 0x22
const newline = 0x0a

class Watchers {
  readonly #job: WatchJob
  readonly #connections: { destroy(): void }[] = []
  readonly #sent = new Map<string, number>()
  readonly delays: number[] = []

  constructor(job: WatchJob) {
    this.#job = job
  }

  writer(): ClientHttp2Session {
    const { host, port, ca, cert, key } = this.#job
    const session = connect(`https://${host}:${port}`, { ca, ...(cert === undefined ? {} : { cert, key: key ?? '' }) })
    this.#connections.push(session)
    return session
  }

  async open(): Promise<void> {
    const every = Array.from({ length: this.#job.watchers }, (_, at) => {
      const selector = this.#job.selective ? `&labelSelector=share%3Ds${at % shares}` : ''
      return `${path}?watch=true&resourceVersion=0${selector}`
    })
    // Handshakes of a thousand connections at once would only wait for each other.
    const step = this.#job.http1 ? 20 : perSession
    for (let at = 0; at < every.length; at += step) {
      const some = every.slice(at, at + step)
      await (this.#job.http1 ? this.#overSockets(some) : this.#overStreams(some))
    }
  }

  #overStreams(paths: readonly string[]): Promise<void> {
    const tails = new Map<number, Buffer>()
    const session = new RawSession(this.#job, (stream, bytes, { start, end }) => {
      const before = tails.get(stream)
      const now = performance.now()
      if (before === undefined) {
        const done = this.#read(bytes, { start, end }, now)
        if (bytes[end - 1] !== newline) tails.set(stream, Buffer.from(bytes.subarray(done, end)))
        return
      }
      const all = Buffer.concat([before, bytes.subarray(start, end)])
      const done = this.#read(all, { start: 0, end: all.length }, now)
      if (all.at(-1) === newline) tails.delete(stream)
      else tails.set(stream, all.subarray(done))
    })
    this.#connections.push(session)
    return session.open(paths)
  }

  async #overSockets(paths: readonly string[]): Promise<void> {
    const { host, port, ca, cert, key } = this.#job
    const identity = cert === undefined ? {} : { cert, key: key ?? '' }
    const opened = paths.map(one => {
      const socket = connectTls({ host, port, ca, ...identity, ALPNProtocols: ['http/1.1'] })
      this.#connections.push(socket)
      socket.on('secureConnect', () => socket.write(`GET ${one} HTTP/1.1\r\nhost: bench\r\n\r\n`))
      let tail: Buffer = Buffer.alloc(0)
      socket.on('data', (part: Buffer) => {
        const all = tail.length === 0 ? part : Buffer.concat([tail, part])
        tail = all.subarray(this.#read(all, { start: 0, end: all.length }, performance.now()))
      })
      return new Promise<void>((resolve, reject) => {
        socket.once('data', () => resolve())
        socket.on('error', reject)
      })
    })
    await Promise.all(opened)
  }

  /** Looks for names alone: whoever parsed all of it would be busier than the server. @returns where what is not yet whole begins. */
  #read(bytes: Buffer, { start, end }: { readonly start: number; readonly end: number }, now: number): number {
    for (let from = start; ;) {
      const at = bytes.indexOf(opening, from)
      if (at < 0 || at >= end) return Math.max(from, end - opening.length)
      const stop = bytes.indexOf(quote, at + opening.length)
      if (stop < 0 || stop >= end) return at
      this.#heard(bytes.toString('latin1', at + opening.length, stop), now)
      from = stop
    }
  }

  #heard(serial: string, now: number): void {
    this.delays.push(now - (this.#sent.get(serial) ?? Number.NaN))
  }

  sent(serial: string): void {
    this.#sent.set(serial, performance.now())
  }

  close(): void {
    for (const one of this.#connections) one.destroy()
  }
}

function write(session: ClientHttp2Session, serial: number): Promise<void> {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `w-${serial}`, labels: { share: `s${serial % shares}` } },
    data: { text: 'x'.repeat(1500) },
  }
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ':method': 'POST', 'content-type': 'application/json' })
    stream.on('error', reject)
    stream.on('end', () => resolve())
    stream.resume()
    stream.end(JSON.stringify(object))
  })
}

export async function watchLoad(job: WatchJob): Promise<WatchResult> {
  const watchers = new Watchers(job)
  await watchers.open()
  const writer = watchers.writer()
  const writes: Promise<void>[] = []
  const from = performance.now()
  let serial = 0
  while (performance.now() - from < job.seconds * 1000) {
    const due = Math.floor(((performance.now() - from) / 1000) * job.rate)
    for (; serial < due; serial++) {
      watchers.sent(String(serial))
      writes.push(write(writer, serial))
    }
    await sleep(2)
  }
  await Promise.all(writes)
  const listening = (share: number): number =>
    Array.from({ length: job.watchers }).filter((_, at) => at % shares === share).length
  const bySharing = Array.from({ length: shares }, (_, share) => listening(share))
  const expected = job.selective
    ? Array.from({ length: serial }).reduce<number>((sum, _, at) => sum + (bySharing[at % shares] ?? 0), 0)
    : serial * job.watchers
  for (const end = performance.now() + 10_000; watchers.delays.length < expected && performance.now() < end;)
    await sleep(50)
  watchers.close()
  const delays = watchers.delays.sort((a, b) => a - b)
  const at = (share: number): number => delays[Math.floor(delays.length * share)] ?? 0
  return { delivered: delays.length, expected, p50: at(0.5), p99: at(0.99) }
}

if (process.argv[1] === import.meta.filename) {
  let text = ''
  for await (const part of process.stdin) text += String(part)
  process.stdout.write(JSON.stringify(await watchLoad(JSON.parse(text) as WatchJob)))
}
