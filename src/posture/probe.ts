/** Requests of somebody who shows nothing: what a stranger is answered proves more than a flag. */
import { request } from 'node:https'
import { strictTls } from '#base/tls.ts'
import type { Identity } from '#client/https.ts'

export interface Asking {
  readonly host: string
  readonly port: number
  readonly path: string
  /** PEM. */
  readonly authority: string
  readonly identity?: Identity
  readonly accept?: string
}

/** Milliseconds. */
const patience = 5000
const most = 64 << 20

export interface Answered {
  readonly code: number
  readonly body: string
}

/** @returns undefined where there was no answer: refused, no connection, or none in time */
export function ask({ host, port, path, authority, identity = {}, accept }: Asking): Promise<Answered | undefined> {
  return new Promise(resolve => {
    const sent = request({
      host,
      port,
      path,
      ca: authority,
      ...strictTls,
      ...(identity.certificate === undefined ? {} : { cert: identity.certificate }),
      ...(identity.key === undefined ? {} : { key: identity.key }),
      headers: {
        ...(identity.token === undefined ? {} : { authorization: `Bearer ${identity.token}` }),
        ...(accept === undefined ? {} : { accept }),
      },
      agent: false,
      signal: AbortSignal.timeout(patience),
    })
    sent.on('error', () => resolve(undefined))
    sent.on('response', response => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > most) response.destroy()
        else chunks.push(chunk)
      })
      response.on('error', () => resolve(undefined))
      response.on('close', () =>
        resolve(
          size > most ? undefined : { code: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') },
        ),
      )
    })
    sent.end()
  })
}
