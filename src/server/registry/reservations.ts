/**
 * Addresses and ports that one object holds exclusively. Each is a row of its own, written in the same transaction as its
 * holder with "must be absent": two holders cannot exist, nothing is to be given back on failure, and a second server is safe.
 */
import { type Draft, type KObject, objectKey } from '#api/metadata.ts'
import type { Reservation, Served } from '#api/kind.ts'
import { internalError, invalid } from '#api/status.ts'
import { invalidValue } from '#api/validation.ts'
import type { Operation, Store } from '#server/store/contract.ts'
import type { Reservations, Taken } from './deps.ts'
import { withMetadata } from './build.ts'

export interface Pool {
  /** Resource under which its rows are kept. */
  readonly resource: string
  /** Some value that is free now, undefined when there is none. */
  readonly free: (taken: (value: string) => boolean) => string | undefined
  /** Why a wanted value cannot be in this pool, undefined when it can. */
  readonly refuses: (value: string) => string | undefined
  readonly row: (value: string, holder: { readonly namespace: string; readonly name: string }) => Draft<KObject>
  /** Field that is to blame, for the error. */
  readonly path: string
  readonly taken: string
  readonly exhausted: string
}

export type Pools = Readonly<Record<Reservation['pool'], Pool>>

export function makeReservations(store: Store, pools: Pools): Reservations {
  return {
    take: (served, draft, old) => take(store, pools, { served, draft, old }),
    release: (served, old) => give(store, pools, served.kind.reserves?.(old, undefined) ?? []),
  }
}

const give = (store: Store, pools: Pools, held: readonly Reservation[]): readonly Operation[] =>
  held.flatMap(({ pool, wanted }) => {
    const { resource } = pools[pool]
    return wanted === undefined || store.snapshot(resource).get(wanted) === undefined
      ? []
      : [{ type: 'delete', resource, key: wanted } as const]
  })

interface Taking {
  readonly served: Served
  readonly draft: Draft<KObject>
  readonly old: KObject | undefined
}

const idOf = (pool: string, value: string): string => `${pool} ${value}`

function take(store: Store, pools: Pools, taking: Taking): Taken {
  const { kind } = taking.served
  if (kind.reserves === undefined) return { operations: [], revert: () => undefined }
  const before = taking.old === undefined ? [] : kind.reserves(taking.old, undefined)
  const held = new Set(before.map(({ pool, wanted = '' }) => idOf(pool, wanted)))
  const reverts: (() => void)[] = []
  const kept = new Set<string>()
  const operations: Operation[] = []
  for (const reservation of kind.reserves(taking.draft, taking.old)) {
    const value = reservation.wanted ?? choose(store, pools[reservation.pool], kept)
    const id = idOf(reservation.pool, value)
    if (reservation.wanted === undefined) {
      reservation.take(taking.draft, value)
      reverts.push(() => reservation.take(taking.draft, ''))
    }
    if (!held.has(id) && !kept.has(id)) operations.push(claim(store, pools[reservation.pool], { taking, value }))
    kept.add(id).add(value)
  }
  const dropped = before.filter(({ pool, wanted = '' }) => !kept.has(idOf(pool, wanted)))
  return {
    operations: [...operations, ...give(store, pools, dropped)],
    revert: () => reverts.forEach(revert => revert()),
  }
}

function choose(store: Store, pool: Pool, mine: ReadonlySet<string>): string {
  const rows = store.snapshot(pool.resource)
  const value = pool.free(candidate => mine.has(candidate) || rows.get(candidate) !== undefined)
  if (value === undefined) throw internalError(pool.exhausted)
  return value
}

function claim(store: Store, pool: Pool, claim: { readonly taking: Taking; readonly value: string }): Operation {
  const { taking, value } = claim
  const { kind } = taking.served
  const { namespace = '', name = '' } = taking.draft.metadata
  const refused =
    pool.refuses(value) ?? (store.snapshot(pool.resource).get(value) === undefined ? undefined : pool.taken)
  if (refused !== undefined)
    throw invalid({ group: kind.group, resource: kind.kind, name }, [invalidValue(pool.path, value, refused)])
  return {
    type: 'put',
    resource: pool.resource,
    key: value,
    expect: 0,
    object: pool.row(value, { namespace, name }),
    managed: '',
  }
}

const row = (apiVersion: string, kind: string, name: string): Draft<KObject> => ({
  apiVersion,
  kind,
  metadata: { name },
})

interface Ranges {
  /** For example `10.96.0.0/16`; IPv4 and no larger than /12. */
  readonly serviceCIDR: string
  /** First and last node port, both included. */
  readonly nodePorts: readonly [number, number]
  /** From 0 to 1. */
  readonly random: () => number
  readonly now: () => string
  readonly uid: () => string
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const toAddress = (value: number): string => [24, 16, 8, 0].map(shift => (value >>> shift) & 255).join('.')

/** The first address of a range is the API server's own service. */
export function firstAddress(cidr: string): string {
  const [base = ''] = cidr.split('/')
  return toAddress(toNumber(base) + 1)
}

const attempts = 64

/** Tries a few random places, then walks: quick while there is room, certain when there is little. */
function pick(
  range: readonly [number, number],
  random: () => number,
  free: (value: number) => boolean,
): number | undefined {
  const [low, high] = range
  const size = high - low + 1
  for (let attempt = 0; attempt < attempts; attempt++) {
    const value = low + Math.floor(random() * size)
    if (free(value)) return value
  }
  for (let value = low; value <= high; value++) if (free(value)) return value
  return undefined
}

/** Upstream's band: the low part of the range is left to those who ask for a certain address. */
const band = (size: number): number => Math.min(Math.max(16, Math.floor(size / 16)), 256)

function addresses(ranges: Ranges): Pool {
  const [base = '', bits = '16'] = ranges.serviceCIDR.split('/')
  const low = toNumber(base)
  const high = low + 2 ** (32 - Number(bits)) - 1
  return {
    resource: 'ipaddresses.networking.k8s.io',
    path: 'spec.clusterIPs[0]',
    taken: 'failed to allocate IP: provided IP is already allocated',
    exhausted: 'failed to allocate a serviceIP: range is full',
    refuses: value => {
      const number = toNumber(value)
      return /^[\d.]+$/.test(value) && number > low && number < high
        ? undefined
        : `failed to allocate IP ${value}: the provided network does not match the current range`
    },
    free: taken => {
      const unused = (value: number): boolean => !taken(toAddress(value))
      const value =
        pick([low + 1 + band(high - low), high - 1], ranges.random, unused) ??
        pick([low + 1, high - 1], ranges.random, unused)
      return value === undefined ? undefined : toAddress(value)
    },
    row: (value, { namespace, name }) => ({
      ...withMetadata(row('networking.k8s.io/v1', 'IPAddress', value), {
        name: value,
        uid: ranges.uid(),
        generation: 1,
        creationTimestamp: ranges.now(),
        labels: {
          'ipaddress.kubernetes.io/ip-family': 'IPv4',
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      }),
      spec: { parentRef: { resource: 'services', namespace, name } },
    }),
  }
}

/** As with addresses: the first ports are left to those who ask for a certain one. */
const portBand = (size: number): number => (size < 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128))

function ports(ranges: Ranges, path: string): Pool {
  const [low, high] = ranges.nodePorts
  return {
    resource: 'nodeports.internal.bulwark.dev',
    path,
    taken: 'provided port is already allocated',
    exhausted: 'failed to allocate a nodePort: range is full',
    refuses: value =>
      Number(value) >= low && Number(value) <= high
        ? undefined
        : `provided port is not in the valid range. The range of valid ports is ${low}-${high}`,
    free: taken => {
      const unused = (value: number): boolean => !taken(String(value))
      const value =
        pick([low + portBand(high - low + 1), high], ranges.random, unused) ?? pick([low, high], ranges.random, unused)
      return value?.toString()
    },
    row: (value, { namespace, name }) => ({
      ...row('internal.bulwark.dev/v1', 'NodePort', value),
      spec: { service: objectKey(namespace, name) },
    }),
  }
}

export const makePools = (ranges: Ranges): Pools => ({
  clusterIP: addresses(ranges),
  nodePort: ports(ranges, 'spec.ports[0].nodePort'),
  healthCheckNodePort: ports(ranges, 'spec.healthCheckNodePort'),
})
