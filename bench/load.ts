/**
 * A load generator that costs little: raw HTTP/1.1 over kept TLS connections, one request at a time on each. Runs in a
 * process of its own: `node bench/load.ts` reads a Job as JSON from standard input and prints a Result.
 */
import { type TLSSocket, connect } from 'node:tls'

export interface Job {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly cert?: string
  readonly key?: string
  readonly connections: number
  readonly seconds: number
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH'
  /** In paths and bodies `{n}` is a number that no other request has, `{c}` the connection's own. */
  readonly path: string
  /** `{rv}` is the resourceVersion of the connection's last answer. */
  readonly body?: string
  /** Of the body; JSON unless given. */
  readonly contentType?: string
  /** JSON unless given. */
  readonly accept?: string
  /** What each connection sends before all others, and what is not counted: it makes the object that the connection then changes. */
  readonly first?: { readonly path: string; readonly body: string }
  /** Ends after so many requests, if that is earlier. */
  readonly requests?: number
}

export interface Result {
  readonly perSecond: number
  readonly bytesPerSecond: number
  readonly requests: number
  readonly failed: number
  /** The first answer that was none of success, its beginning. */
  readonly failure: string
  readonly p50: number
  readonly p99: number
}

interface Tally {
  sent: number
  done: number
  failed: number
  failure: string
  bytes: number
  readonly times: number[]
}

interface Values {
  readonly n: number
  readonly c: number
  readonly rv: string
}

const filled = (text: string, { n, c, rv }: Values): string =>
  text.replaceAll('{n}', String(n)).replaceAll('{c}', String(c)).replaceAll('{rv}', rv)

function requestOf(job: Job, values: Values): Buffer {
  const body = job.body === undefined ? undefined : Buffer.from(filled(job.body, values))
  const accept = job.accept ?? 'application/json'
  const head = `${job.method} ${filled(job.path, values)} HTTP/1.1\r\nhost: bench\r\naccept: ${accept}\r\n`
  if (body === undefined) return Buffer.from(`${head}\r\n`)
  const type = job.contentType ?? 'application/json'
  return Buffer.concat([Buffer.from(`${head}content-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`), body])
}

const end = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')
const versionOpening = Buffer.from('"resourceVersion":"')

/** The first resourceVersion in a part of an answer. Our answers to one object come in one part, and have it near their beginning. */
function versionIn(part: Buffer): string | undefined {
  const at = part.indexOf(versionOpening)
  if (at < 0) return undefined
  const from = at + versionOpening.length
  return part.toString('latin1', from, part.indexOf('"', from))
}

/** Counts a response's bytes until it is complete. */
class Response {
  #head: Buffer = Buffer.alloc(0)
  #left = -1
  #chunked = false
  #tail: Buffer = Buffer.alloc(0)
  ok = false
  /** @returns whether the response is complete with this part. */
  take(part: Buffer): boolean {
    if (this.#chunked) return this.#chunk(part)
    if (this.#left >= 0) return (this.#left -= part.length) <= 0
    this.#head = this.#head.length === 0 ? part : Buffer.concat([this.#head, part])
    const at = this.#head.indexOf(end)
    if (at < 0) return false
    const text = this.#head.toString('latin1', 0, at).toLowerCase()
    this.ok = text.startsWith('http/1.1 2')
    const rest = this.#head.subarray(at + 4)
    this.#chunked = text.includes('transfer-encoding: chunked')
    if (this.#chunked) return this.#chunk(rest)
    this.#left = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0) - rest.length
    return this.#left <= 0
  }
  #chunk(part: Buffer): boolean {
    this.#tail = Buffer.concat([this.#tail, part]).subarray(-lastChunk.length)
    return this.#tail.equals(lastChunk)
  }
}

function drive(job: Job, tally: Tally, one: { readonly connection: number; readonly until: number }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket: TLSSocket = connect({
    host: job.host,
    port: job.port,
    ca: job.ca,
    ...(job.cert === undefined ? {} : { cert: job.cert, key: job.key ?? '' }),
    ALPNProtocols: ['http/1.1'],
  })
  let response = new Response()
  let started = 0
  let counted = job.first === undefined
  let rv = ''
  const changes = job.body?.includes('{rv}') === true
  const next = (): void => {
    if (performance.now() >= one.until || tally.sent >= (job.requests ?? Infinity)) {
      socket.end()
      return resolve()
    }
    response = new Response()
    started = performance.now()
    socket.write(requestOf(job, { n: tally.sent++, c: one.connection, rv }))
  }
  const open = (): void => {
    if (job.first === undefined) next()
    else
      socket.write(
        requestOf(
          { ...job, method: 'POST', ...job.first, contentType: 'application/json' },
          { n: 0, c: one.connection, rv },
        ),
      )
  }
  socket.setNoDelay(true)
  socket.on('secureConnect', open)
  socket.on('error', reject)
  socket.on('data', (part: Buffer) => {
    tally.bytes += part.length
    if (changes) rv = versionIn(part) ?? rv
    if (!response.take(part)) return
    if (!response.ok && tally.failed++ === 0) tally.failure = part.toString('latin1').slice(0, 2000)
    if (counted) {
      tally.done++
      tally.times.push(performance.now() - started)
    }
    counted = true
    next()
  })
  return promise
}

export async function load(job: Job): Promise<Result> {
  const tally: Tally = { sent: 0, done: 0, failed: 0, failure: '', bytes: 0, times: [] }
  const start = performance.now()
  const until = start + job.seconds * 1000
  await Promise.all(
    Array.from({ length: job.connections }, (_, connection) => drive(job, tally, { connection, until })),
  )
  const seconds = (performance.now() - start) / 1000
  const times = tally.times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0
  return {
    perSecond: tally.done / seconds,
    bytesPerSecond: tally.bytes / seconds,
    requests: tally.done,
    failed: tally.failed,
    failure: tally.failure,
    p50: at(0.5),
    p99: at(0.99),
  }
}

if (process.argv[1] === import.meta.filename) {
  let text = ''
  for await (const part of process.stdin) text += String(part)
  process.stdout.write(JSON.stringify(await load(JSON.parse(text) as Job)))
}
