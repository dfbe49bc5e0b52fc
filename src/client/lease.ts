/** Leader election on a coordination.k8s.io Lease. Whether the holder lives is judged on the observer's own clock. */
import { type Clock, microTimestamp } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import { isReason } from '#api/status.ts'
import type { Client } from './client.ts'
import { sleep } from './reflect.ts'

interface Lease extends KObject {
  readonly spec: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}
const leases: ResourceRef<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  resource: 'leases',
  kind: 'Lease',
  namespaced: true,
}

declare const elected: unique symbol
/** Evidence of leadership, made only here. `signal` aborts when it is lost: nothing may be written after that. */
export interface Term {
  readonly holder: string
  /** Rises with every change of holder. */
  readonly number: number
  readonly signal: AbortSignal
  readonly [elected]: true
}

export interface ElectionParts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  /** `namespace/name` of the Lease. */
  readonly key: string
  readonly identity: string
  /** Seconds; 15, 10 and 2 when absent, as upstream. */
  readonly duration?: number
  readonly deadline?: number
  readonly retry?: number
}

interface Seen {
  version: string
  at: number
}

/** Leads whenever it can until the signal aborts, and then gives the Lease up. `lead` is called anew with each Term. */
export async function elect(parts: ElectionParts, signal: AbortSignal, lead: (term: Term) => void): Promise<void> {
  const { clock, random, retry = 2, deadline = 10 } = parts
  const seen: Seen = { version: '', at: 0 }
  let ending: AbortController | undefined
  let renewed = 0
  while (!signal.aborted) {
    const asked = clock.monotonic()
    const transitions = await attempt(parts, seen)
    if (transitions !== undefined) {
      renewed = asked
      if (ending === undefined) {
        ending = new AbortController()
        lead(makeTerm(parts.identity, transitions, ending.signal))
      }
    } else if (ending !== undefined && clock.monotonic() - renewed > deadline * 1000) {
      parts.log.warn('leadership lost', { lease: parts.key })
      ending.abort()
      ending = undefined
    }
    await sleep(clock, retry * 1000 * (ending === undefined ? 1 + 1.2 * random() : 1), signal)
  }
  if (ending === undefined) return
  ending.abort()
  await release(parts).catch((error: unknown) => parts.log.info('lease not released', { error: String(error) }))
}

const makeTerm = (holder: string, number: number, signal: AbortSignal): Term => ({ holder, number, signal }) as Term

/** The number of transitions when we hold the lease after this, else undefined. */
async function attempt(parts: ElectionParts, seen: Seen): Promise<number | undefined> {
  const { client, clock, key, identity, duration = 15 } = parts
  try {
    const lease = await client.find(leases, key)
    const now = microTimestamp(clock.now())
    const base = { holderIdentity: identity, leaseDurationSeconds: duration, renewTime: now }
    if (lease === undefined) {
      const [namespace = '', name = ''] = key.split('/')
      const spec = { ...base, acquireTime: now, leaseTransitions: 0 }
      await client.create(leases, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec,
      })
      return 0
    }
    const version = lease.metadata.resourceVersion ?? ''
    if (version !== seen.version) Object.assign(seen, { version, at: clock.monotonic() })
    const held = lease.spec.holderIdentity ?? ''
    const ours = held === identity
    const lives = clock.monotonic() - seen.at < (lease.spec.leaseDurationSeconds ?? duration) * 1000
    if (!ours && held !== '' && lives) return undefined
    const leaseTransitions = (lease.spec.leaseTransitions ?? 0) + (ours ? 0 : 1)
    const acquireTime = ours ? (lease.spec.acquireTime ?? now) : now
    await client.update(leases, { ...lease, spec: { ...lease.spec, ...base, acquireTime, leaseTransitions } })
    return leaseTransitions
  } catch (error) {
    if (!isReason(error, 'Conflict') && !isReason(error, 'AlreadyExists'))
      parts.log.info('lease not renewed', { lease: key, error: String(error) })
    return undefined
  }
}

async function release({ client, key, identity }: ElectionParts): Promise<void> {
  const lease = await client.find(leases, key)
  if (lease?.spec.holderIdentity !== identity) return
  await client.update(leases, { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } })
}
