/** etcd over gRPC with mutual TLS: one connection to each endpoint, opened at first use, calls to one of them at a time. */
import { isIP } from 'node:net'
import { type CallOptions, type Client, createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { strictTls } from '#base/tls.ts'
import type { Clock } from '#base/clock.ts'
import { StoreRefused } from '../contract.ts'
import { GrpcSessions } from '../grpc-sessions.ts'
import { pause } from './pause.ts'
import { Cluster, KV, Lease, Maintenance, Watch } from './rpc.gen.ts'
import { type Trouble, troubleOf } from './trouble.ts'

export interface EtcdAccess {
  /** For example `https://10.0.0.1:2379`. Plain HTTP only on loopback. */
  readonly endpoints: readonly string[]
  /** PEM. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** Of one answer; far more than a page of the largest values that etcd takes unless given. */
  readonly mostBytes?: number
}

export interface Peer {
  readonly url: string
  readonly kv: Client<typeof KV>
  readonly watch: Client<typeof Watch>
  readonly lease: Client<typeof Lease>
  readonly maintenance: Client<typeof Maintenance>
  readonly cluster: Client<typeof Cluster>
  close(): void
}

/** Milliseconds; etcd itself gives up on a request after seven seconds. */
const callTimeout = 10_000
// Not for idle connections: connect-node would go on after the connection is gone, and throw where nobody can catch it.
const pings = { pingIntervalMs: 10_000, pingTimeoutMs: 5000 }
const usualBytes = 256 << 20
const shortestPause = 25
const longestPause = 2000

/** @throws StoreRefused for what cannot be an endpoint */
function checked(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || !/^\/?$/.test(url.pathname))
    throw new StoreRefused(
      'unreachable',
      `not the address of an etcd: ${endpoint}; give URLs such as https://10.0.0.1:2379`,
    )
  const near = url.hostname === 'localhost' || url.hostname === '[::1]' || url.hostname.startsWith('127.')
  if (
    url.protocol === 'http:' &&
    !(near && (url.hostname === 'localhost' || isIP(url.hostname.replace(/[[\]]/g, '')) > 0))
  )
    throw new StoreRefused('unreachable', `${endpoint} would send all of the cluster's data in the clear: use https://`)
  return url
}

function connectPeer(endpoint: string, { ca, cert, key, mostBytes = usualBytes }: EtcdAccess): Peer {
  const { origin } = checked(endpoint)
  const secrets = Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, value]) => value !== undefined))
  const session = new GrpcSessions(origin, pings, { ...secrets, ...strictTls })
  const transport = createGrpcTransport({ baseUrl: origin, sessionManager: session, readMaxBytes: mostBytes })
  return {
    url: origin,
    kv: createClient(KV, transport),
    watch: createClient(Watch, transport),
    lease: createClient(Lease, transport),
    maintenance: createClient(Maintenance, transport),
    cluster: createClient(Cluster, transport),
    close: () => session.abort(),
  }
}

/** Another member may do better. */
const elsewhere: ReadonlySet<Trouble> = new Set(['unreachable', 'distrusted'])

export type Call<T> = (peer: Peer, options: CallOptions) => Promise<T>

export class EtcdClient {
  readonly endpoints: readonly string[]
  readonly #peers: readonly Peer[]
  #at = 0

  /** @throws StoreRefused */
  constructor(access: EtcdAccess) {
    if (access.endpoints.length === 0) throw new StoreRefused('unreachable', 'no address of an etcd is given')
    this.endpoints = access.endpoints
    this.#peers = access.endpoints.map(endpoint => connectPeer(endpoint, access))
  }

  get peer(): Peer {
    const peer = this.#peers[this.#at % this.#peers.length]
    if (peer === undefined) throw new Error('a client without endpoints')
    return peer
  }

  get peers(): readonly Peer[] {
    return this.#peers
  }

  /** This one is in trouble: whatever comes next goes to another. */
  leave(peer: Peer): void {
    if (peer === this.peer) this.#at++
  }

  /** Calls once. */
  async ask<T>(call: Call<T>): Promise<T> {
    const { peer } = this
    try {
      return await call(peer, { timeoutMs: callTimeout })
    } catch (error) {
      if (elsewhere.has(troubleOf(error))) this.leave(peer)
      throw error
    }
  }

  /** Calls until somebody answers or the time is over. Only for what may happen twice. */
  async insist<T>(call: Call<T>, { clock, milliseconds, signal }: Insisting): Promise<T> {
    const end = clock.monotonic() + milliseconds
    for (let tries = 0; ; tries++)
      try {
        return await this.ask(call)
      } catch (error) {
        const trouble = troubleOf(error)
        const over = clock.monotonic() > end || signal?.aborted === true
        const again = trouble === 'unreachable' || (trouble === 'distrusted' && tries + 1 < this.#peers.length)
        if (!again || over) throw error
        await backOff(clock, Math.floor(tries / this.#peers.length), signal)
      }
  }

  close(): void {
    for (const peer of this.#peers) peer.close()
  }
}

export interface Insisting {
  readonly clock: Clock
  readonly milliseconds: number
  readonly signal?: AbortSignal
}

export const backOff = (clock: Clock, tries: number, signal?: AbortSignal): Promise<void> =>
  pause(clock, Math.min(longestPause, shortestPause * 2 ** Math.min(tries, 10)), signal)
