/** Looks after the condition of every APIService: when something about it changes, and every half a minute. */
import type { KObject } from '#api/metadata.ts'
import { isReason } from '#api/status.ts'
import { timestamp } from '#base/clock.ts'
import { equal } from '#base/equal.ts'
import type { Log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { apiServices } from '#kinds/facts/generated/refs.ts'
import type { APIService } from '#kinds/facts/generated/types/apiregistration_v1.ts'
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import type { Event, Store } from '#server/store/contract.ts'
import { type Finding, failedDiscovery, local, obstacle, passed, withFinding } from './availability.ts'
import { type Registered, registered, resource } from './catalog.ts'
import { type DialParts, ask, locate } from './dial.ts'

export interface CheckParts extends DialParts {
  readonly store: Store
  readonly client: Client
  readonly log: Log
}

/** Milliseconds. */
const interval = 30_000
const patience = 5000
const firstWait = 1000
const longestWait = 30_000
/** Of which one must succeed: a service may have an endpoint that does not work. */
const attempts = 5

const services = 'services'
const slices = 'endpointslices.discovery.k8s.io'
const serviceOf = ({ metadata }: KObject): string =>
  `${metadata.namespace ?? ''}/${metadata.labels?.['kubernetes.io/service-name'] ?? ''}`

async function probe(parts: DialParts, to: Registered): Promise<void> {
  const path = `/apis/${to.group}/${to.version}`
  const at = locate(parts, to)
  const url = `https://${at.place}${path}`
  const failing = (why: string): Error => new Error(`failing or missing response from ${url}: ${why}`)
  let code = 0
  try {
    code = (await ask(parts, to, { at, path, accept: '*/*', patience, limit: 0 })).code
  } catch (error) {
    throw failing(`Get ${JSON.stringify(url)}: ${error instanceof Error ? error.message : 'unknown error'}`)
  }
  if (code < 200 || code >= 300) throw failing(`bad status from ${url}: ${code}`)
}

async function discovery(parts: DialParts, to: Registered): Promise<Finding> {
  try {
    await Promise.any(Array.from({ length: attempts }, () => probe(parts, to)))
    return passed
  } catch (error) {
    const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : error
    return failedDiscovery(last instanceof Error ? last.message : 'unknown error')
  }
}

export interface Checking {
  /** Looks at all of them. Resolves when those that are served here have been seen to: others may take their time. */
  round(): Promise<void>
  stop(): void
}

class Checker implements Checking {
  readonly #parts: CheckParts
  readonly #busy = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  readonly #waits = new Map<string, { readonly cancel: () => void; readonly wait: number }>()
  readonly #unwatch: () => void
  #cancel: () => void
  #stopped = false

  constructor(parts: CheckParts) {
    this.#parts = parts
    const since = parts.store.revision()
    this.#unwatch = parts.store.watch([resource, services, slices], since, {
      coalesce: true,
      onEvents: events => this.#onEvents(events),
      onEnd: () => undefined,
    })
    this.#cancel = this.#tick()
  }

  #tick(): () => void {
    return this.#parts.clock.after(interval, () => {
      void this.round()
      if (!this.#stopped) this.#cancel = this.#tick()
    })
  }

  #object(name: string): APIService | undefined {
    return this.#parts.store.snapshot(resource).get(name)?.object as APIService | undefined
  }

  #remote(): readonly Registered[] {
    return Array.from(this.#parts.store.snapshot(resource).range(), kept =>
      registered(kept.object as APIService),
    ).filter(one => one !== undefined)
  }

  #onEvents(events: readonly Event[]): void {
    const touched = new Set<string>()
    for (const event of events)
      if (event.resource === services) touched.add(event.key)
      else if (event.resource === slices) touched.add(serviceOf(event.kept.object))
      else if (event.type === 'put' && isNews(event)) void this.#check(event.key)
    if (touched.size === 0) return
    for (const { name, service } of this.#remote())
      if (touched.has(`${service.namespace}/${service.name}`)) void this.#check(name)
  }

  async round(): Promise<void> {
    const ours: Promise<void>[] = []
    for (const { key, object } of this.#parts.store.snapshot(resource).range()) {
      const work = this.#check(key)
      if (registered(object as APIService) === undefined) ours.push(work)
    }
    await Promise.all(ours)
  }

  /** One look at a time; what changes meanwhile is looked at again. */
  #check(name: string): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    const busy = this.#busy.get(name)
    if (busy !== undefined) {
      this.#again.add(name)
      return busy
    }
    this.#waits.get(name)?.cancel()
    const work = this.#look(name).finally(() => {
      this.#busy.delete(name)
      if (this.#again.delete(name)) void this.#check(name)
    })
    this.#busy.set(name, work)
    return work
  }

  async #look(name: string): Promise<void> {
    const object = this.#object(name)
    if (object === undefined) return void this.#waits.delete(name)
    const finding = await this.#find(object)
    if (finding.status === 'True') this.#waits.delete(name)
    else this.#later(name)
    if (this.#stopped) return
    try {
      // Said of the object that was looked at: of another one something else may be true.
      const current = this.#object(name)
      if (current === undefined || current.metadata.uid !== object.metadata.uid) return
      const wanted = withFinding(current, finding, timestamp(this.#parts.clock.now()))
      if (wanted !== undefined) await this.#parts.client.updateStatus(apiServices, wanted)
    } catch (error) {
      if (isReason(error, 'Conflict')) this.#again.add(name)
      else if (!isReason(error, 'NotFound'))
        this.#parts.log.warn('the condition of an APIService was not written', { name, error: String(error) })
    }
  }

  async #find(object: APIService): Promise<Finding> {
    const to = registered(object)
    if (to === undefined) return local
    const { store } = this.#parts
    const { namespace, name } = to.service
    const service = store.snapshot(services).get(`${namespace}/${name}`)?.object as Service | undefined
    const found = [...store.snapshot(slices).range({ prefix: `${namespace}/` })]
      .map(kept => kept.object as EndpointSlice)
      .filter(one => serviceOf(one) === `${namespace}/${name}`)
    return obstacle(to.service, { service, slices: found }) ?? discovery(this.#parts, to)
  }

  #later(name: string): void {
    const wait = Math.min(longestWait, (this.#waits.get(name)?.wait ?? firstWait / 2) * 2)
    const cancel = this.#parts.clock.after(wait, () => void this.#check(name))
    this.#waits.set(name, { cancel, wait })
  }

  stop(): void {
    this.#stopped = true
    this.#unwatch()
    this.#cancel()
    for (const { cancel } of this.#waits.values()) cancel()
  }
}

const said = ({ status }: APIService): string => {
  const found = status?.conditions?.find(one => one.type === 'Available')
  return `${found?.status ?? ''} ${found?.reason ?? ''}`
}

/** Somebody may have said something else than we did. Messages differ from look to look: they ask for no other. */
function isNews({ kept, previous }: Event): boolean {
  const [now, before] = [kept.object as APIService, previous?.object as APIService | undefined]
  return (
    before === undefined ||
    before.metadata.uid !== now.metadata.uid ||
    said(before) !== said(now) ||
    !equal(before.spec, now.spec)
  )
}

export const startChecking = (parts: CheckParts): Checking => new Checker(parts)
