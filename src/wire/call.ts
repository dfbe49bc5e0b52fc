/** One HTTPS request with a JSON body to somebody who was named by a user: pinned authority, limits, no redirects, no reuse. */
import { request } from 'node:https'

export interface Call {
  /** Where to connect to, which need not be what the URL says: services are resolved by the caller. */
  readonly host: string
  readonly port: number
  /** The name that the certificate must be for, and the Host header. */
  readonly name: string
  /** With query, without host. */
  readonly path: string
  /** PEM; absent: the system's own authorities. */
  readonly authority?: string
  readonly body: string
  readonly limits: CallLimits
}

export interface CallLimits {
  /** From the first packet to the last byte, milliseconds. */
  readonly time: number
  /** Of the answer, bytes. */
  readonly size: number
}

export class CallFailed extends Error {}

/** @returns the bytes of an answer with code 200. @throws CallFailed, whose message says what happened. */
export function call(to: Call): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const where = `https://${to.name}:${to.port}${to.path}`
  const fail = (why: string): void => reject(new CallFailed(`Post ${JSON.stringify(where)}: ${why}`))
  const asked = request({
    host: to.host,
    port: to.port,
    path: to.path,
    method: 'POST',
    servername: /^[\d.]+$|:/.test(to.name) ? '' : to.name,
    minVersion: 'TLSv1.2',
    agent: false,
    headers: {
      host: `${to.name}:${to.port}`,
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(to.body),
    },
    ...(to.authority === undefined ? {} : { ca: to.authority }),
  })
  const timer = setTimeout(() => {
    fail('context deadline exceeded')
    asked.destroy()
  }, to.limits.time)
  asked.on('error', error => fail(error.message))
  asked.on('response', response => {
    if (response.statusCode !== 200) {
      fail(`the server responded with the status code ${response.statusCode} but did not return more information`)
      return void asked.destroy()
    }
    const parts: Buffer[] = []
    let size = 0
    response.on('data', (part: Buffer) => {
      size += part.byteLength
      parts.push(part)
      if (size <= to.limits.size) return
      fail(`the answer is larger than ${to.limits.size} bytes`)
      asked.destroy()
    })
    response.on('error', error => fail(error.message))
    response.on('end', () => resolve(Buffer.concat(parts)))
    return undefined
  })
  asked.end(to.body)
  return promise.finally(() => clearTimeout(timer))
}
