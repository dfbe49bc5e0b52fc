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
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** `{n}` is replaced by a number that no other request has. */
  readonly body?: string
  /** Ends after so many requests, if that is earlier. */
  readonly requests?: number
}

export interface Result {
  readonly perSecond: number
  readonly bytesPerSecond: number
  readonly requests: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
}

interface Tally {
  sent: number
  done: number
  failed: number
  bytes: number
  readonly times: number[]
}

const requestOf = (job: Job, serial: number): Buffer => {
  const body = job.body === undefined ? undefined : Buffer.from(job.body.replaceAll('{n}', String(serial)))
  const head = `${job.method} ${job.path} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\n`
  if (body === undefined) return Buffer.from(`${head}\r\n`)
  return Buffer.concat([
    Buffer.from(`${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`),
    body,
  ])
}

const end = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')

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

function drive(job: Job, tally: Tally, until: number): Promise<void> {
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
  const next = (): void => {
    if (performance.now() >= until || tally.sent >= (job.requests ?? Infinity)) {
      socket.end()
      return resolve()
    }
    response = new Response()
    started = performance.now()
    socket.write(requestOf(job, tally.sent++))
  }
  socket.setNoDelay(true)
  socket.on('secureConnect', next)
  socket.on('error', reject)
  socket.on('data', (part: Buffer) => {
    tally.bytes += part.length
    if (!response.take(part)) return
    tally.done++
    if (!response.ok) tally.failed++
    tally.times.push(performance.now() - started)
    next()
  })
  return promise
}

export async function load(job: Job): Promise<Result> {
  const tally: Tally = { sent: 0, done: 0, failed: 0, bytes: 0, times: [] }
  const start = performance.now()
  await Promise.all(Array.from({ length: job.connections }, () => drive(job, tally, start + job.seconds * 1000)))
  const seconds = (performance.now() - start) / 1000
  const times = tally.times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0
  return {
    perSecond: tally.done / seconds,
    bytesPerSecond: tally.bytes / seconds,
    requests: tally.done,
    failed: tally.failed,
    p50: at(0.5),
    p99: at(0.99),
  }
}

if (process.argv[1] === import.meta.filename) {
  let text = ''
  for await (const part of process.stdin) text += String(part)
  process.stdout.write(JSON.stringify(await load(JSON.parse(text) as Job)))
}
