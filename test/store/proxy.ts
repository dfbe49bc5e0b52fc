/** Stands between a client and a server and passes bytes, until it is told to cut, or to hold back what the server says. */
import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'

export interface Proxy {
  readonly port: number
  /** Ends all connections; new ones are made at once. */
  cut(): void
  /** From now on the server's words are swallowed: requests arrive, answers do not. */
  deafen(): void
  /** New connections are refused until `open`. */
  shut(): void
  open(): void
  close(): Promise<void>
}

export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let shut = false
  const server = createServer(client => {
    if (shut) return client.destroy()
    const upstream = connect(target, '127.0.0.1')
    client.setNoDelay(true)
    upstream.setNoDelay(true)
    const pair = [client, upstream] as const
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    client.on('data', data => void upstream.write(data))
    upstream.on('data', data => void client.write(data))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const cut = (): void => {
    for (const [client, upstream] of pairs) {
      client.destroy()
      upstream.destroy()
    }
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut,
    deafen: () => {
      for (const [, upstream] of pairs) upstream.removeAllListeners('data').resume()
    },
    shut: () => {
      shut = true
      cut()
    },
    open: () => {
      shut = false
    },
    close: async () => {
      shut = true
      cut()
      await once(server.close(), 'close')
    },
  }
}
