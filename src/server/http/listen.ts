/** HTTPS only: HTTP/1.1, HTTP/2 and upgrades on one port, client certificates asked for in each. */
import { type Http2SecureServer, createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { strictTls } from '#base/tls.ts'
import type { Handling } from './handler.ts'
import { handle } from './handler.ts'

export interface Certificates {
  /** PEM. */
  readonly cert: string
  readonly key: string
  /** Who signs client certificates, of users and of servers that speak for them. */
  readonly clientCA: string
}

export interface ListenOptions {
  readonly host: string
  /** 0: any. */
  readonly port: number
  readonly certificates: Certificates
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

export interface Listening {
  readonly host: string
  readonly port: number
  /** New connections get these; established ones keep theirs. */
  renew(certificates: Certificates): void
  close(): Promise<void>
}

const secure = ({ cert, key, clientCA }: Certificates) => ({
  cert,
  key,
  ca: clientCA,
  ...strictTls,
})

/** A header that takes longer than this is not sent by a client of ours, in milliseconds. */
const headersTimeout = 30_000
/** A request that takes longer to come in is given up, in milliseconds. */
export const requestTimeout = 60_000

function secureServer(options: ListenOptions): Http2SecureServer {
  return createSecureServer({
    ...secure(options.certificates),
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    // Go clients put everything on one connection; the default of 10 MB ends it with large lists.
    maxSessionMemory: 1000,
    settings: { maxConcurrentStreams: 250, initialWindowSize: 1 << 20 },
    headersTimeout,
    requestTimeout,
    keepAliveTimeout: 120_000,
    maxHeaderSize: 64 * 1024,
  } as Parameters<typeof createSecureServer>[0])
}

export async function listen(handling: Handling, options: ListenOptions): Promise<Listening> {
  const server = secureServer(options)
  const sockets = new Set<Duplex>()
  server.on('secureConnection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  })
  server.on('tlsClientError', () => undefined)
  server.on('sessionError', () => undefined)
  server.on('request', (request, response) => {
    response.on('error', () => undefined)
    void handle(handling, request, response)
  })
  server.on('upgrade', options.upgrade)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options.port, options.host, resolve)
  await promise
  const { port } = server.address() as AddressInfo
  return {
    host: options.host,
    port,
    renew: certificates => server.setSecureContext(secure(certificates)),
    close: async () => {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      for (const socket of sockets) socket.destroy()
      await closed.promise
    },
  }
}
