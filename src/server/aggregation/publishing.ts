/** Keeps the APIServices of this server and what other servers need to know to believe it. */
import type { Scheme } from '#api/kind.ts'
import { equal } from '#base/equal.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isReason } from '#api/status.ts'
import type { Client } from '#client/client.ts'
import { configMaps } from '#kinds/facts/generated/refs.ts'
import type { APIService } from '#kinds/facts/generated/types/apiregistration_v1.ts'
import type { Store } from '#server/store/contract.ts'
import { resource } from './catalog.ts'
import { steps, take, wanted } from './registration.ts'

export interface Authorities {
  /** PEM: who signs client certificates, and who signs those of servers that speak for users. */
  readonly client: string
  readonly frontProxy: string
  /** Common names that the latter may have. */
  readonly names: readonly string[]
}

export interface PublishParts {
  readonly store: Store
  readonly scheme: Scheme
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly authorities: Authorities
}

export interface Publishing {
  /** Resolves when everything is as it should be. */
  round(): Promise<void>
  /** Soon, and for many changes at once only once. */
  look(): void
  stop(): void
}

const namespace = 'kube-system'
const name = 'extension-apiserver-authentication'
const place = `${namespace}/${name}`

export const authenticationData = ({ client, frontProxy, names }: Authorities): Readonly<Record<string, string>> => ({
  'client-ca-file': client,
  'requestheader-allowed-names': JSON.stringify(names),
  'requestheader-client-ca-file': frontProxy,
  'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
  'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
  'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
  'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
})

async function authentication({ client, authorities }: PublishParts): Promise<void> {
  const data = authenticationData(authorities)
  const found = await client.find(configMaps, place)
  try {
    if (found === undefined)
      await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data })
    else if (!equal({ ...found.data, ...data }, found.data))
      await client.update(configMaps, { ...found, data: { ...found.data, ...data } })
  } catch (error) {
    // Another server of the cluster does the same.
    if (!isReason(error, 'AlreadyExists') && !isReason(error, 'Conflict')) throw error
  }
}

/** Milliseconds. */
const interval = 1000
const pause = 20
/** Rounds of the interval after which all is looked at, whatever the events said. */
const everything = 30

class Publisher implements Publishing {
  readonly #parts: PublishParts
  readonly #unwatch: () => void
  #cancel: () => void = () => undefined
  #soon: (() => void) | undefined
  #work: Promise<void> = Promise.resolve()
  #generation = -1
  #ticks = 0
  #stopped = false

  constructor(parts: PublishParts) {
    this.#parts = parts
    this.#unwatch = parts.store.watch([resource, 'configmaps'], parts.store.revision(), {
      coalesce: true,
      onEvents: events => {
        if (events.some(event => event.resource !== 'configmaps' || event.key === place)) this.look()
      },
      onEnd: () => undefined,
    })
    this.#tick()
  }

  #tick(): void {
    this.#cancel = this.#parts.clock.after(interval, () => {
      const all = ++this.#ticks % everything === 0
      if (all || this.#generation !== this.#parts.scheme.generation()) void this.round()
      if (!this.#stopped) this.#tick()
    })
  }

  look(): void {
    this.#soon ??= this.#parts.clock.after(pause, () => {
      this.#soon = undefined
      void this.round()
    })
  }

  round(): Promise<void> {
    this.#work = this.#work.then(() => this.#round())
    return this.#work
  }

  async #round(): Promise<void> {
    if (this.#stopped) return
    const { store, scheme, client, log } = this.#parts
    try {
      this.#generation = scheme.generation()
      const current = new Map(Array.from(store.snapshot(resource).range(), one => [one.key, one.object as APIService]))
      await Promise.all([
        authentication(this.#parts),
        ...steps(current, wanted(scheme)).map(step => take(client, step)),
      ])
    } catch (error) {
      this.#generation = -1
      if (!this.#stopped) log.warn('what this server serves was not published', { error: String(error) })
    }
  }

  stop(): void {
    this.#stopped = true
    this.#unwatch()
    this.#cancel()
    this.#soon?.()
  }
}

export const startPublishing = (parts: PublishParts): Publishing => new Publisher(parts)
