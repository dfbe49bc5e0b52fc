/**
 * The floor: the least that any correct server on this runtime does for the same work. HTTPS keep-alive; a create is parsed,
 * named, given uid, time and revision, committed to SQLite with synchronous=FULL in groups, and answered; a PUT is a create
 * whose revision is compared; a PATCH one where it is not; a GET is answered from memory; /cat answers bytes that lie ready.
 * Prints its port and runs until it is ended.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { issue, makeAuthority } from '../src/pki/issue.ts'

const now = Date.now()
const authority = await makeAuthority('floor', now)
const { cert, key } = await issue(authority, { name: 'floor-server', use: 'server', hosts: ['127.0.0.1'] }, now)
const dir = mkdtempSync(join(tmpdir(), 'bulwark-floor-'))
const worker = new Worker(new URL('./floor-commit.ts', import.meta.url), { workerData: join(dir, 'floor.db') })

interface Waiting {
  readonly key: string
  readonly text: string
  readonly answer: () => void
}
let waiting: Waiting[] = []
let underWay: Waiting[] = []
let revision = 1
const kept = new Map<string, Buffer>()

function flush(): void {
  if (underWay.length > 0 || waiting.length === 0) return
  underWay = waiting
  waiting = []
  worker.postMessage(underWay.map(({ key: id, text }) => [id, text]))
}
worker.on('message', () => {
  for (const { answer } of underWay) answer()
  underWay = []
  flush()
})

/** The newest revision of each object, durable or not: what a PUT is compared with. */
const heads = new Map<string, string>()

function write(response: ServerResponse, body: string, replaces: boolean): void {
  const object = JSON.parse(body) as { metadata: Record<string, unknown> & { name?: string } }
  const { metadata } = object
  metadata.name ??= `floor-${revision + 1}`
  const id = metadata.name
  if (replaces && heads.get(id) !== metadata['resourceVersion']) return send(response, 409, Buffer.alloc(0))
  metadata['uid'] ??= randomUUID()
  metadata['creationTimestamp'] ??= new Date().toISOString()
  metadata['resourceVersion'] = String(++revision)
  heads.set(id, String(revision))
  const text = JSON.stringify(object)
  waiting.push({
    key: id,
    text,
    answer: () => {
      const bytes = Buffer.from(text)
      kept.set(id, bytes)
      send(response, replaces ? 200 : 201, bytes)
    },
  })
  setImmediate(flush)
}

function send(response: ServerResponse, code: number, bytes: Buffer): void {
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': bytes.byteLength })
  response.end(bytes)
}

let large = Buffer.alloc(0)

function handle(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '/'
  if (request.method !== 'GET') {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => write(response, Buffer.concat(parts).toString(), request.method === 'PUT'))
    return
  }
  if (url.startsWith('/cat/')) {
    const size = Number(url.slice('/cat/'.length))
    if (large.length !== size) large = Buffer.alloc(size, 'x')
    return send(response, 200, large)
  }
  const bytes = kept.get(url.slice(url.lastIndexOf('/') + 1))
  send(response, bytes === undefined ? 404 : 200, bytes ?? Buffer.alloc(0))
}

const server = createServer({ cert, key, keepAliveTimeout: 60_000 }, handle)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(
    `${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0, ca: authority.cert })}\n`,
  )
})
process.on('SIGTERM', () => {
  rmSync(dir, { recursive: true, force: true })
  process.exit(0)
})
