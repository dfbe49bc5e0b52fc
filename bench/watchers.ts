/**
 * Many watchers and one writer, in a process of its own: `node bench/watchers.ts` reads a WatchJob as JSON from standard input
 * and prints a WatchResult. Delay is counted from the moment at which the writer had its answer to the event's arrival.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'

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
    const opened: Promise<void>[] = []
    let session: ClientHttp2Session | undefined
    for (let at = 0; at < this.#job.watchers; at++) {
      if (session === undefined || at % perSession === 0) session = this.session()
      const selector = this.#job.selective ? `&labelSelector=share%3Ds${at % shares}` : ''
      const stream = session.request({ ':path': `${path}?watch=true&resourceVersion=0${selector}` })
      opened.push(
        new Promise((resolve, reject) => {
          stream.on('response', () => resolve())
          stream.on('error', reject)
        }),
      )
      this.#read(stream)
    }
    await Promise.all(opened)
  }

  /** Looks for names alone: whoever parsed all of it would be busier than the server. */
  #read(stream: ClientHttp2Stream): void {
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
    for (const session of this.#sessions) session.destroy()
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
