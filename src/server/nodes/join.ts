/** Two connections become one: what comes in here goes out there, byte for byte, until either ends. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

export interface Client {
  readonly client: Duplex
  /** Bytes that came right behind its request. */
  readonly head: Buffer
}

export interface Agreed {
  /** The other side's 101, which the client gets as it is. */
  readonly answer: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

export function joined({ client, head }: Client, { answer, socket: other, head: early }: Agreed): void {
  const end = (): void => {
    client.destroy()
    other.destroy()
  }
  client.on('error', end)
  other.on('error', end)
  if (client.destroyed || other.destroyed) return end()
  const lines = ['HTTP/1.1 101 Switching Protocols\r\n']
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2)
    lines.push(`${answer.rawHeaders[at] ?? ''}: ${answer.rawHeaders[at + 1] ?? ''}\r\n`)
  client.write(`${lines.join('')}\r\n`, 'latin1')
  if (early.length > 0) client.write(early)
  if (head.length > 0) other.write(head)
  client.on('close', end)
  other.on('close', end)
  client.pipe(other)
  other.pipe(client)
}
