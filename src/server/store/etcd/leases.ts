/** Leases for keys that go by themselves: etcd removes them, whichever server lives. Keys written within a while share one. */
import type { Clock } from '#base/clock.ts'
import type { EtcdClient } from './client.ts'

interface Group {
  readonly id: bigint
  readonly since: number
  used: number
}

const mostKeys = 1000
const longestSharing = 60

/** Seconds during which keys join a lease: each lives at least its time, at most a twentieth longer. */
const sharing = (ttl: number): number => Math.min(longestSharing, Math.max(1, ttl / 20))

export class Leases {
  readonly #client: EtcdClient
  readonly #clock: Clock
  readonly #groups = new Map<number, Promise<Group>>()

  constructor(client: EtcdClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** The lease for a key that is to live `ttl` seconds from now. */
  async id(ttl: number): Promise<bigint> {
    const group = this.#groups.get(ttl)
    const known = group === undefined ? group : await group.catch(() => undefined)
    if (known !== undefined && this.#fits(known, ttl)) {
      known.used++
      return known.id
    }
    const granted = this.#grant(ttl)
    this.#groups.set(ttl, granted)
    return (await granted).id
  }

  /** A lease turned out to be over. */
  forget(): void {
    this.#groups.clear()
  }

  #fits({ since, used }: Group, ttl: number): boolean {
    return used < mostKeys && this.#clock.monotonic() - since < sharing(ttl) * 1000
  }

  async #grant(ttl: number): Promise<Group> {
    const since = this.#clock.monotonic()
    const seconds = BigInt(Math.ceil(ttl + sharing(ttl)))
    const { ID: id } = await this.#client.ask((peer, options) => peer.lease.leaseGrant({ TTL: seconds }, options))
    return { id, since, used: 1 }
  }
}
