/** Every listening socket of a cluster, with what is known of it. */
import { statSync } from 'node:fs'
import type { ClusterConfig } from '../config.ts'
import type { Layout } from '../layout.ts'
import { type Description, type Exposure, knownSockets } from './known.ts'
import { type Held, type Owner, clusterProcesses, heldSockets } from './owners.ts'
import type { Protocol } from './proc.ts'

export interface SocketFacts extends Description {
  readonly owner: Owner
  readonly pid: number
  readonly protocol: Protocol
  /** `127.0.0.1:6443`, `[::]:80`, a path, or `@name` for an abstract unix socket. */
  readonly address: string
  readonly exposure: Exposure
  /** Of a unix socket's file, for example `0660`. */
  readonly mode?: string
  /** False: nobody has planned it. */
  readonly known: boolean
}

const unknown: Description = { purpose: 'unknown', authentication: 'unknown', tls: false }

const wildcards = new Set(['0.0.0.0', '::'])

export function exposureOf({ protocol, address }: Pick<Held, 'protocol' | 'address'>, config: ClusterConfig): Exposure {
  // An abstract name has no mode: whoever is in this network may connect.
  if (protocol === 'unix') return address.startsWith('/') ? 'file' : 'loopback'
  if (wildcards.has(address)) return 'everybody'
  if (address.startsWith('127.') || address === '::1') return 'loopback'
  return address === config.dns ? 'pods' : 'node'
}

const anybodyWrites = (mode: string | undefined): boolean => (Number.parseInt(mode ?? '0', 8) & 0o002) !== 0

/** A socket that must not be there: nobody planned it, or it asks for nothing. */
export const isOpen = ({ known, authentication }: SocketFacts): boolean => !known || authentication === 'none'

const modeOf = (path: string): string | undefined => {
  try {
    return `0${(statSync(path).mode & 0o777).toString(8)}`
  } catch {
    return undefined
  }
}

/** @returns those of `held` as they are shown, in a stable order */
export function describeSockets(held: readonly Held[], config: ClusterConfig, layout: Layout): readonly SocketFacts[] {
  const known = knownSockets(config, layout)
  return held
    .map(one => {
      const found = known.find(({ owner, protocol, is }) => owner === one.owner && protocol === one.protocol && is(one))
      const mode = one.protocol === 'unix' ? modeOf(one.address) : undefined
      const { purpose, authentication, tls } = found ?? unknown
      return {
        owner: one.owner,
        pid: one.pid,
        protocol: one.protocol,
        address: shown(one),
        exposure: exposureOf(one, config),
        purpose,
        authentication: anybodyWrites(mode) ? 'none' : authentication,
        tls,
        ...(mode === undefined ? {} : { mode }),
        known: found !== undefined,
      }
    })
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

const sortKey = ({ owner, protocol, address }: SocketFacts): string => `${owner} ${protocol} ${address}`

function shown({ protocol, address, port }: Held): string {
  if (protocol === 'unix') return address === '' ? '(no name)' : address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

export const socketsOf = (config: ClusterConfig, layout: Layout): readonly SocketFacts[] =>
  describeSockets(heldSockets(clusterProcesses(layout)), config, layout)
