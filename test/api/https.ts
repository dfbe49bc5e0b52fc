/** Requests as a client sends them that does not keep to the rules: any path, any body, any bytes. */
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { type TLSSocket, connect } from 'node:tls'
import { KubeConfig } from '@kubernetes/client-node'
import { type Cluster, type ClusterOptions, startCluster } from '#testing/startCluster.ts'

export interface Answered {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  /** The bytes as UTF-8. */
  readonly text: string
  /** `reason` of the Status. */
  readonly reason: string
  readonly message: string
}

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Without the client certificate. */
  readonly nobody?: boolean
}

export interface Target {
  readonly cluster: Cluster
  readonly host: string
  readonly port: number
  send(path: string, sent?: Sent): Promise<Answered>
  /** A connection of bytes, with the administrator's certificate unless `nobody`. */
  raw(nobody?: boolean): TLSSocket
  stop(): Promise<void>
}

const pem = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString()

interface StatusText {
  readonly reason?: string
  readonly message?: string
}

const statusOf = (text: string): StatusText => {
  try {
    return JSON.parse(text) as StatusText
  } catch {
    return {}
  }
}

export const startTarget = (): Promise<Target> => startTargetWith({})

/** @param options beside those that keep it small */
export async function startTargetWith(options: ClusterOptions): Promise<Target> {
  const cluster = await startCluster({ nodes: 0, controllers: false, ...options })
  const config = new KubeConfig()
  config.loadFromString(await cluster.kubeConfig())
  const url = new URL(config.getCurrentCluster()?.server ?? '')
  const { certData, keyData } = config.getCurrentUser() ?? {}
  const ca = pem(config.getCurrentCluster()?.caData)
  const mine = { cert: pem(certData), key: pem(keyData) }
  const place = { host: url.hostname, port: Number(url.port), ca }
  const send = (path: string, sent: Sent = {}): Promise<Answered> => {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>()
    const { method = 'GET', body, nobody } = sent
    const headers = { ...sent.headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) }
    const asked = request(
      { ...place, ...(nobody === true ? {} : mine), path, method, headers, agent: false },
      answer => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', reject)
        answer.on('end', () => {
          const bytes = Buffer.concat(parts)
          const text = bytes.toString()
          const { reason = '', message = '' } = statusOf(text)
          resolve({ code: answer.statusCode ?? 0, headers: answer.headers, bytes, text, reason, message })
        })
      },
    )
    asked.setTimeout(20_000, () => asked.destroy(new Error('no answer')))
    asked.on('error', reject)
    asked.end(body)
    return promise
  }
  return {
    cluster,
    host: place.host,
    port: place.port,
    send,
    raw: nobody => connect({ ...place, ...(nobody === true ? {} : mine), ALPNProtocols: ['http/1.1'] }),
    stop: () => cluster.stop(),
  }
}
