/** The sockets of cluster DNS. Who may not ask hears nothing. */
import { createSocket } from 'node:dgram'
import { type Socket, createServer } from 'node:net'

export interface DnsSockets {
  readonly address: string
  /** 0 picks one (for tests). */
  readonly port: number
  /** Whether this address may ask. */
  readonly allowed: (address: string) => boolean
  readonly answer: (message: Buffer, tcp: boolean) => Promise<Buffer | undefined>
}

export interface DnsServer {
  readonly port: number
  close(): Promise<void>
}

const mostUdp = 2_048
const mostConnections = 256
const mostPerConnection = 64
const idleMs = 10_000

const plain = (address: string | undefined): string => (address ?? '').replace('::ffff:', '')

function listenUdp({ address, port, allowed, answer }: DnsSockets): Promise<DnsServer> {
  const socket = createSocket('udp4')
  let busy = 0
  socket.on('message', (message, from) => {
    if (busy >= mostUdp || !allowed(from.address)) return
    busy++
    answer(message, false)
      .then(reply => {
        if (reply !== undefined) socket.send(reply, from.port, from.address, () => undefined)
      })
      .catch(() => undefined)
      .finally(() => busy--)
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, () => {
      socket.off('error', reject)
      socket.on('error', () => undefined)
      const close = (): Promise<void> => new Promise(done => void socket.close(() => done()))
      resolve({ port: socket.address().port, close })
    })
  })
}

/** Messages with their length before them; answered in the order in which answers are ready. */
function serve(socket: Socket, answer: DnsSockets['answer']): void {
  let waiting: Buffer = Buffer.alloc(0)
  let busy = 0
  const take = (): void => {
    while (busy < mostPerConnection && waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
      const end = 2 + waiting.readUInt16BE(0)
      const message = waiting.subarray(2, end)
      waiting = waiting.subarray(end)
      busy++
      void reply(message)
    }
    if (busy >= mostPerConnection) socket.pause()
    else socket.resume()
  }
  const reply = async (message: Buffer): Promise<void> => {
    const bytes = await answer(message, true).catch(() => undefined)
    busy--
    if (socket.destroyed) return
    if (bytes === undefined) {
      socket.destroy()
      return
    }
    const size = Buffer.alloc(2)
    size.writeUInt16BE(bytes.length)
    socket.write(Buffer.concat([size, bytes]))
    take()
  }
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    take()
  })
}

function listenTcp({ address, port, allowed, answer }: DnsSockets): Promise<DnsServer> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    if (!allowed(plain(socket.remoteAddress))) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.setTimeout(idleMs, () => socket.destroy())
    serve(socket, answer)
  })
  server.maxConnections = mostConnections
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.off('error', reject)
      server.on('error', () => undefined)
      const close = (): Promise<void> =>
        new Promise(done => {
          server.close(() => done())
          for (const socket of sockets) socket.destroy()
        })
      resolve({ port, close })
    })
  })
}

/** @throws Error when the address is not there (yet) or the port is taken */
export async function listenDns(sockets: DnsSockets): Promise<DnsServer> {
  const udp = await listenUdp(sockets)
  try {
    const tcp = await listenTcp({ ...sockets, port: udp.port })
    return { port: udp.port, close: async () => void (await Promise.all([udp.close(), tcp.close()])) }
  } catch (error) {
    await udp.close()
    throw error
  }
}
