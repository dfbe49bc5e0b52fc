/**
 * Carries exec, attach and port-forward between a client and the runtime's streaming server. Only two things are
 * translated, because that server does not know them: v5 WebSockets (which can end stdin) and SPDY inside WebSockets.
 * Everything else both sides speak alike, and is passed on byte for byte.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import { WebSocket, WebSocketServer } from 'ws'
import { SpdyConnection, type SpdyStream } from '#wire/spdy.ts'
import { upgrade, UpgradeRefused } from '#wire/upgrade.ts'

export interface Exec {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export interface Client {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const
const v5 = 'v5.channel.k8s.io'
const tunnel = 'SPDY/3.1+portforward.k8s.io'
/** kubectl sends 32 KiB at a time. */
const maxPayload = 1 << 20
const highWater = 1 << 20

const offered = (request: IncomingMessage): readonly string[] =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim())

/** Answers an upgrade that cannot be done. */
export function refuse(socket: Duplex, code: number, message: string): void {
  const body = `${message}\n`
  socket.end(
    `HTTP/1.1 ${code} Refused\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

/**
 * Accepts the client, paused: what it sends at once must find its listeners. The tunnel's name holds a slash, which the
 * library refuses, so names are added by hand.
 */
function accept(client: Client, protocol: string): Promise<WebSocket> {
  const server = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false })
  delete client.request.headers['sec-websocket-protocol']
  server.on('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  return new Promise(resolve =>
    server.handleUpgrade(client.request, client.socket, client.head, ws => {
      ws.pause()
      resolve(ws)
    }),
  )
}

const bytes = (data: Buffer | ArrayBuffer | Buffer[]): Buffer =>
  Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)

/** Sends a stream's data on a channel, no faster than the client takes it. */
async function toClient(stream: SpdyStream, ws: WebSocket, to: number): Promise<void> {
  for await (const chunk of stream) {
    const data: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    ws.send(Buffer.concat([Buffer.from([to]), data]))
    while (ws.bufferedAmount > highWater && ws.readyState === WebSocket.OPEN)
      await new Promise(resolve => setTimeout(resolve, 5))
  }
}

function fromClient(ws: WebSocket, stdin: SpdyStream | undefined, resize: SpdyStream | undefined): void {
  ws.on('message', (data: Buffer | ArrayBuffer | Buffer[]) => {
    const message = bytes(data)
    const payload = message.subarray(1)
    if (message[0] === channel.stdin && stdin?.writable === true) {
      if (!stdin.write(payload)) {
        ws.pause()
        stdin.once('drain', () => ws.resume())
      }
    } else if (message[0] === channel.resize) resize?.write(payload)
    else if (message[0] === channel.close && payload[0] === channel.stdin) stdin?.end(() => ws.resume())
  })
}

async function streams(connection: SpdyConnection, exec: Exec) {
  const open = (streamtype: string): Promise<SpdyStream> => connection.open({ streamtype })
  const maybe = (wanted: boolean, name: string) => (wanted ? open(name) : Promise.resolve(undefined))
  const [error, stdin, stdout, stderr, resize] = await Promise.all([
    open('error'),
    maybe(exec.stdin, 'stdin'),
    maybe(exec.stdout, 'stdout'),
    maybe(exec.stderr && !exec.tty, 'stderr'),
    maybe(exec.tty, 'resize'),
  ])
  for (const one of [error, stdin, stdout, stderr, resize]) one?.on('error', () => undefined)
  return { error, stdin, stdout, stderr, resize }
}

async function overV5(client: Client, url: string, exec: Exec): Promise<void> {
  const { socket, head } = await upgrade(url, 'POST', {
    Upgrade: 'SPDY/3.1',
    'X-Stream-Protocol-Version': 'v4.channel.k8s.io',
  })
  const connection = new SpdyConnection(socket, head)
  const { error, stdin, stdout, stderr, resize } = await streams(connection, exec)
  const ws = await accept(client, v5)
  ws.on('error', () => connection.close())
  ws.on('close', () => connection.close())
  fromClient(ws, stdin, resize)
  ws.resume()
  const outputs = [stdout, stderr].map((stream, index) =>
    stream === undefined ? undefined : toClient(stream, ws, index === 0 ? channel.stdout : channel.stderr),
  )
  const verdict: Buffer[] = []
  error.on('data', (chunk: Buffer) => verdict.length < 64 && verdict.push(chunk))
  await Promise.all([...outputs, finished(error, { writable: false })]).catch(() => undefined)
  // The exit status comes last: a client stops reading at it.
  if (ws.readyState === WebSocket.OPEN) {
    ws.send(Buffer.concat([Buffer.from([channel.error]), ...verdict]))
    // It may be paused for an input that nobody reads any more; its answer to the close must come through.
    ws.resume()
    ws.close(1000)
  }
  connection.close()
}

/** SPDY's bytes in binary frames, both ways. */
async function overTunnel(client: Client, url: string): Promise<void> {
  const { socket, head } = await upgrade(url, 'POST', {
    Upgrade: 'SPDY/3.1',
    'X-Stream-Protocol-Version': 'portforward.k8s.io',
  })
  const ws = await accept(client, tunnel)
  if (head.length > 0) ws.send(head)
  ws.on('message', (data: Buffer | ArrayBuffer | Buffer[]) => {
    if (socket.write(bytes(data))) return
    ws.pause()
    socket.once('drain', () => ws.resume())
  })
  socket.on('data', chunk => {
    ws.send(chunk, () => {
      if (ws.bufferedAmount < highWater) socket.resume()
    })
    if (ws.bufferedAmount > highWater) socket.pause()
  })
  socket.on('close', () => ws.close(1000))
  socket.on('error', () => ws.close(1011))
  ws.on('close', () => socket.destroy())
  ws.on('error', () => socket.destroy())
  ws.resume()
}

const passed = [
  'upgrade',
  'x-stream-protocol-version',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
]

/** The same upgrade, asked of the runtime; its answer goes to the client as it is. */
async function passThrough(client: Client, url: string): Promise<void> {
  const { request, socket } = client
  const headers: Record<string, string> = {}
  for (const name of passed) {
    const value = request.headers[name]
    if (value !== undefined) headers[name] = String(value)
  }
  const upstream = await upgrade(url, request.method === 'POST' ? 'POST' : 'GET', headers)
  const lines = Object.entries(upstream.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`)
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`)
  socket.write(upstream.head)
  if (client.head.length > 0) upstream.socket.write(client.head)
  socket.pipe(upstream.socket)
  upstream.socket.pipe(socket)
  for (const [one, other] of [
    [socket, upstream.socket],
    [upstream.socket, socket],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
}

/** @param url of the runtime, good for one use; it must not reach a log. `exec` is absent for port-forward. */
export async function carry(client: Client, url: string, exec: Exec | undefined): Promise<void> {
  client.socket.on('error', () => client.socket.destroy())
  const protocols = offered(client.request)
  try {
    if (exec !== undefined && protocols.includes(v5)) await overV5(client, url, exec)
    else if (exec === undefined && protocols.includes(tunnel)) await overTunnel(client, url)
    else await passThrough(client, url)
  } catch (error) {
    if (error instanceof UpgradeRefused) refuse(client.socket, error.code, error.message.trim())
    else refuse(client.socket, 500, 'the runtime refused the stream')
  }
}
