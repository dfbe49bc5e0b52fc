/** Asks an HTTP server on this machine to speak another protocol on the same connection. */
import { type IncomingHttpHeaders, request } from 'node:http'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'

export interface Upgraded {
  readonly socket: Socket
  /** Bytes that came right behind the answer. */
  readonly head: Buffer
  readonly headers: IncomingHttpHeaders
}

export class UpgradeRefused extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

const limitMs = 30_000
const longestRefusal = 4096

async function text(body: Readable): Promise<string> {
  let all = ''
  for await (const chunk of body) {
    all += String(chunk)
    if (all.length > longestRefusal) break
  }
  return all.slice(0, longestRefusal)
}

/** @throws UpgradeRefused with the server's code and words; never follows a redirect */
export function upgrade(
  url: string,
  method: 'GET' | 'POST',
  headers: Record<string, string | string[]>,
): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method,
      headers: { ...headers, Connection: 'Upgrade' },
      agent: false,
      timeout: limitMs,
    })
    asked.on('upgrade', (response, socket, head) => {
      if (!(socket instanceof Socket)) return reject(new Error('not a TCP connection'))
      socket.setTimeout(0)
      resolve({ socket, head, headers: response.headers })
    })
    asked.on('response', response => {
      text(response).then(
        message => reject(new UpgradeRefused(response.statusCode ?? 500, message)),
        () => reject(new UpgradeRefused(response.statusCode ?? 500, '')),
      )
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')))
    asked.on('error', reject)
    asked.end()
  })
}
