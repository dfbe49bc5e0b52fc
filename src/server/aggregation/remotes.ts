/** What other servers serve, kept fresh: asked when it comes or changes, and every minute. */
import type { Door } from '#api/door.ts'
import type { User } from '#api/request.ts'
import { StatusError } from '#api/status.ts'
import { frontProxySource } from '#server/authn/front-proxy.ts'
import type { Scheme } from '#api/kind.ts'
import type { Log } from '#base/log.ts'
import { equal } from '#base/equal.ts'
import type { Store } from '#server/store/contract.ts'
import type { Elsewhere, RemoteVersion, Remotes } from '#server/remotes.ts'
import { type DoorParts, aggregatedDoor } from './door.ts'
import { type Registered, makeCatalog } from './catalog.ts'
import type { DialParts } from './dial.ts'
import { type Discovered, discover } from './discovery.ts'
import { type Documents, documents } from './documents.ts'
import { join } from './join.ts'
import { pass } from './pass.ts'

export interface RemoteParts extends DialParts {
  readonly store: Store
  readonly scheme: Scheme
  readonly log: Log
}

export interface RunningRemotes extends Remotes {
  all(): readonly Registered[]
  /** Answers in process for what other servers serve, and lets `own` answer for the rest. */
  door(own: Door, guards: Pick<DoorParts, 'authorize' | 'recording'>): Door
  close(): void
}

/** Milliseconds. */
const interval = 60_000

interface Known {
  readonly of: Registered
  readonly discovered?: Discovered | undefined
  readonly documents?: Documents | undefined
  readonly stale: boolean
}

/** Only where the service is another one, what it said is forgotten. */
const sameServer = (a: Registered, b: Registered): boolean =>
  equal(a.service, b.service) && a.ca === b.ca && a.insecure === b.insecure

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** The group and version below which a path lies, also of OpenAPI's documents. */
function placeOf(path: string): readonly [group: string, version: string] | undefined {
  const rest = path.startsWith('/openapi/v3/') ? path.slice('/openapi/v3'.length) : path
  const [, root, group, version] = rest.split('/', 4)
  return root === 'apis' && group !== undefined && version !== undefined && version !== ''
    ? [decoded(group), decoded(version)]
    : undefined
}

/** What a server passed to us is for us: a service that leads back here would go round for ever. */
function notPassedYet<P extends { readonly user: User }>(passing: P): P {
  if (passing.user.source !== frontProxySource) return passing
  throw new StatusError({
    reason: 'ServiceUnavailable',
    message: 'the request was passed on by a server that serves this API group itself',
    details: {},
  })
}

class Refreshing implements RunningRemotes {
  readonly #parts: RemoteParts
  readonly #known = new Map<string, Known>()
  readonly #busy = new Set<string>()
  readonly #catalog: ReturnType<typeof makeCatalog>
  #generation = 0
  #cancel: () => void
  #closed = false

  constructor(parts: RemoteParts) {
    this.#parts = parts
    this.#catalog = makeCatalog(parts.store, parts.scheme, () => queueMicrotask(() => this.#onChange()))
    this.#cancel = this.#tick()
  }

  #tick(): () => void {
    return this.#parts.clock.after(interval, () => {
      for (const one of this.#catalog.all()) this.#refresh(one)
      if (!this.#closed) this.#cancel = this.#tick()
    })
  }

  #onChange(): void {
    if (this.#closed) return
    this.#generation++
    const all = new Map(this.#catalog.all().map(one => [one.name, one]))
    for (const name of this.#known.keys()) if (!all.has(name)) this.#known.delete(name)
    for (const one of all.values()) {
      const had = this.#known.get(one.name)
      const same = had !== undefined && sameServer(had.of, one)
      this.#known.set(one.name, same ? { ...had, of: one } : { of: one, stale: true })
      if (!same || had.of.available !== one.available) this.#refresh(one)
    }
  }

  #refresh(one: Registered): void {
    if (this.#closed || this.#busy.has(one.name)) return
    this.#busy.add(one.name)
    void this.#ask(one).finally(() => {
      this.#busy.delete(one.name)
      const now = this.#known.get(one.name)
      // It changed while it was asked.
      if (now !== undefined && (!sameServer(now.of, one) || now.of.available !== one.available)) this.#refresh(now.of)
    })
  }

  async #ask(one: Registered): Promise<void> {
    const had = this.#known.get(one.name)
    try {
      if (!one.available) throw new Error('the service is not available')
      const discovered = await discover(this.#parts, one, had?.discovered)
      this.#learn(one, { discovered, documents: had?.documents, stale: false })
      this.#learn(one, { discovered, documents: await documents(this.#parts, one, had?.documents), stale: false })
    } catch (error) {
      if (one.available)
        this.#parts.log.info('another server was not discovered', { apiService: one.name, error: String(error) })
      this.#learn(one, { discovered: had?.discovered, documents: had?.documents, stale: true })
    }
  }

  #learn(one: Registered, what: Omit<Known, 'of'>): void {
    const now = this.#known.get(one.name)
    if (this.#closed || now === undefined || !sameServer(now.of, one)) return
    const { of, ...before } = now
    if (equal(before, what)) return
    this.#known.set(one.name, { of, ...what })
    this.#generation++
  }

  generation(): number {
    return this.#generation
  }
  all(): readonly Registered[] {
    return this.#catalog.all()
  }
  versions(): readonly RemoteVersion[] {
    return this.#catalog.all().map(one => {
      const known = this.#known.get(one.name)
      const { group, version, groupPriority, versionPriority } = one
      const freshness = known?.stale === false && one.available ? 'Current' : 'Stale'
      const resources = known?.discovered?.resources ?? []
      return { group, version, groupPriority, versionPriority, freshness, resources }
    })
  }
  has(group: string, version: string): boolean {
    return this.#catalog.find(group, version) !== undefined
  }
  swagger(): ReturnType<Remotes['swagger']> {
    return this.#catalog.all().flatMap(one => this.#known.get(one.name)?.documents?.swagger ?? [])
  }
  openapi(): ReadonlyMap<string, string> {
    return new Map(
      this.#catalog.all().flatMap(one => {
        const hash = this.#known.get(one.name)?.documents?.hash
        return hash === undefined ? [] : [[`apis/${one.group}/${one.version}`, hash] as const]
      }),
    )
  }
  at(path: string): Elsewhere | undefined {
    if (this.#catalog.isEmpty()) return undefined
    const place = placeOf(path)
    const to = place === undefined ? undefined : this.#catalog.find(...place)
    if (to === undefined) return undefined
    return {
      pass: async passing => pass(this.#parts, to, notPassedYet(passing)),
      join: async passing => join(this.#parts, to, notPassedYet(passing)),
    }
  }
  door(own: Door, guards: Pick<DoorParts, 'authorize' | 'recording'>): Door {
    return aggregatedDoor({ ...this.#parts, catalog: this.#catalog, ...guards }, own)
  }
  close(): void {
    this.#closed = true
    this.#cancel()
    this.#catalog.close()
  }
}

export const makeRemotes = (parts: RemoteParts): RunningRemotes => new Refreshing(parts)
