/**
 * Many watchers and one writer, in a process of its own: `node bench/watchers.ts` reads a WatchJob as JSON from standard input
 * and prints a WatchResult. Delay is counted from the moment at which the writer had its answer to the event's arrival.
 */
import { type ClientHttp2Session, connect } from 'node:http2'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type TLSSocket, connect as connectTls } from 'node:tls'

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
const opening = '"name":"w-'

class Watchers {
  readonly #job: WatchJob
  readonly #sessions: ClientHttp2Session[] = []
  readonly #sockets: TLSSocket[] = []
  readonly #answered = new Map<string, number>()
  readonly #early = new Map<string, number[]>()
  readonly delays: number[] = []

  constructor(job: WatchJob) {
    this.#job = job
  }

  session(): ClientHttp2Session {
    const { host, port, ca, cert, key } = this.#job
    const session = connect(`https://${host}:${port}`, { ca, ...(cert === undefined ? {} : { cert, key: key ?? '' }) })
    this.#sessions.push(session)
    return session
  }

  async open(): Promise<void> {
    const every = Array.from({ length: this.#job.watchers }, (_, at) => {
      const selector = this.#job.selective ? `&labelSelector=share%3Ds${at % shares}` : ''
      return `${path}?watch=true&resourceVersion=0${selector}`
    })
    if (!this.#job.http1) await Promise.all(this.#overStreams(every))
    // Handshakes of a thousand connections at once would only wait for each other.
    else for (let at = 0; at < every.length; at += 20) await Promise.all(this.#overSockets(every.slice(at, at + 20)))
  }

  #overStreams(paths: readonly string[]): readonly Promise<void>[] {
    let session: ClientHttp2Session | undefined
    return paths.map((one, at) => {
      if (session === undefined || at % perSession === 0) session = this.session()
      const stream = session.request({ ':path': one })
      this.#read(stream)
      return new Promise((resolve, reject) => {
        stream.on('response', () => resolve())
        stream.on('error', reject)
      })
    })
  }

  #overSockets(paths: readonly string[]): readonly Promise<void>[] {
    const { host, port, ca, cert, key } = this.#job
    const identity = cert === undefined ? {} : { cert, key: key ?? '' }
    return paths.map(one => {
      const socket = connectTls({ host, port, ca, ...identity, ALPNProtocols: ['http/1.1'] })
      this.#sockets.push(socket)
      socket.on('secureConnect', () => socket.write(`GET ${one} HTTP/1.1\r\nhost: bench\r\n\r\n`))
      this.#read(socket)
      return new Promise((resolve, reject) => {
        socket.once('data', () => resolve())
        socket.on('error', reject)
      })
    })
  }

  /** Looks for names alone: whoever parsed all of it would be busier than the server. */
  #read(stream: Readable): void {
    let rest = ''
    stream.on('data', (part: Buffer) => {
      const now = performance.now()
      const text = rest + part.toString('latin1')
      let at = text.indexOf(opening)
      let done = 0
      while (at >= 0) {
        const end = text.indexOf('"', at + opening.length)
        if (end < 0) break
        this.#heard(text.slice(at + opening.length, end), now)
        done = end
        at = text.indexOf(opening, end)
      }
      rest = text.slice(Math.max(done, at >= 0 ? at : text.length - opening.length))
    })
  }

  #heard(serial: string, now: number): void {
    const since = this.#answered.get(serial)
    if (since !== undefined) this.delays.push(Math.max(0, now - since))
    else this.#early.set(serial, [...(this.#early.get(serial) ?? []), now])
  }

  /** The writer has its answer. Events that came before were not late. */
  answered(serial: string): void {
    this.#answered.set(serial, performance.now())
    for (const _ of this.#early.get(serial) ?? []) this.delays.push(0)
    this.#early.delete(serial)
  }

  close(): void {
    for (const one of [...this.#sessions, ...this.#sockets]) one.destroy()
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
  const writer = watchers.session()
  const writes: Promise<void>[] = []
  const from = performance.now()
  let serial = 0
  while (performance.now() - from < job.seconds * 1000) {
    const due = Math.floor(((performance.now() - from) / 1000) * job.rate)
    for (; serial < due; serial++) {
      const own = serial
      writes.push(write(writer, own).then(() => watchers.answered(String(own))))
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
