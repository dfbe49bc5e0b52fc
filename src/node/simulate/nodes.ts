/** Nodes that exist in the API alone: they are Ready, their pods run without containers. Needs neither root nor Linux. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { keyOf } from '#api/metadata.ts'
import type { Change, Reader } from '#api/reader.ts'
import { isReason } from '#api/status.ts'
import type { Client } from '#client/client.ts'
import { pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { keepNode, type NodeFacts, type NodeKeeper } from '../registration.ts'
import { fate, type Fate } from './pod.ts'

export interface SimulationParts {
  readonly client: Client
  /** Must show pods; others' pods are passed over. */
  readonly reader: Reader
  readonly clock: Clock
  readonly log: Log
  readonly names: readonly string[]
  /** Reported as the kubelet's, for example `v1.36.0`. */
  readonly version: string
  readonly capacity?: Readonly<Record<string, string>>
}

export interface Simulation {
  /** Ends leases and reactions; the node objects stay. */
  stop(): Promise<void>
}

const roomy = { cpu: '32', memory: '128Gi', 'ephemeral-storage': '500Gi', pods: '250' } as const

const info = (version: string, name: string): NodeFacts['info'] => ({
  machineID: name,
  systemUUID: name,
  bootID: name,
  kernelVersion: 'none',
  osImage: 'simulated',
  containerRuntimeVersion: 'simulated://1',
  kubeletVersion: version,
  kubeProxyVersion: version,
  operatingSystem: 'linux',
  architecture: 'amd64',
})

/** Addresses of node number `index` and of its pods: 10.128.0.0/9 in shares of 256, taken in turn. */
const hostIP = (index: number): string => `10.127.${(index >> 8) & 255}.${index & 255}`
const podIP = (index: number, serial: number): string =>
  `10.${128 + ((index >> 8) & 127)}.${index & 255}.${(serial % 254) + 1}`

class Simulator implements Simulation {
  readonly #parts: SimulationParts
  readonly #index: ReadonlyMap<string, number>
  readonly #serials = new Map<string, number>()
  readonly #timers = new Map<string, () => void>()
  readonly #busy = new Map<string, Promise<void>>()
  #keepers: readonly NodeKeeper[] = []
  #unsubscribe: () => void = () => undefined
  #stopped = false

  constructor(parts: SimulationParts) {
    this.#parts = parts
    this.#index = new Map(parts.names.map((name, index) => [name, index]))
  }

  async start(): Promise<void> {
    const { names, version, capacity = roomy, client, clock, log, reader } = this.#parts
    const keep = (name: string, index: number): Promise<NodeKeeper> => {
      const address = hostIP(index)
      const facts: NodeFacts = {
        addresses: [
          { type: 'InternalIP', address },
          { type: 'Hostname', address: name },
        ],
        capacity,
        allocatable: capacity,
        info: info(version, name),
        port: 0,
      }
      return keepNode({ client, clock, log, name, describe: () => facts })
    }
    this.#keepers = await Promise.all(names.map(keep))
    await reader.require([pods])
    this.#unsubscribe = reader.subscribe(pods, changes => this.#onChanges(changes))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe()
    for (const keeper of this.#keepers) keeper.stop()
    for (const cancel of this.#timers.values()) cancel()
    await Promise.all(this.#busy.values())
  }

  #onChanges(changes: readonly Change[]): void {
    for (const change of changes)
      if (change.type === 'delete') this.#forget(change.key)
      else this.#consider(change.key)
  }

  #forget(key: string): void {
    this.#timers.get(key)?.()
    this.#timers.delete(key)
  }

  /** One write a pod at a time: what changes meanwhile comes back as a change. */
  #consider(key: string): void {
    if (this.#stopped || this.#busy.has(key)) return
    const pod = this.#parts.reader.get(pods, key)
    const index = this.#index.get(pod?.spec.nodeName ?? '')
    if (pod === undefined || index === undefined) return
    const now = (): number => this.#parts.clock.now()
    const known = pod.status?.podIP
    const what = fate(pod, { now: now(), hostIP: hostIP(index), podIP: known ?? podIP(index, this.#serial(pod)) })
    if ('again' in what && what.again !== undefined) this.#wake(key, what.again - now())
    if (what.do !== 'status' && what.do !== 'delete') return
    const work = this.#write(pod, what).finally(() => {
      this.#busy.delete(key)
      const current = this.#parts.reader.get(pods, key)
      if (current !== undefined && current !== pod) this.#consider(key)
    })
    this.#busy.set(key, work)
  }

  #serial(pod: Pod): number {
    const node = pod.spec.nodeName ?? ''
    const serial = this.#serials.get(node) ?? 0
    this.#serials.set(node, serial + 1)
    return serial
  }

  #wake(key: string, milliseconds: number): void {
    this.#timers.get(key)?.()
    this.#timers.set(
      key,
      this.#parts.clock.after(Math.max(0, milliseconds), () => this.#consider(key)),
    )
  }

  async #write(pod: Pod, what: Fate): Promise<void> {
    const { client, log } = this.#parts
    const key = keyOf(pod)
    const uid = pod.metadata.uid ?? ''
    try {
      if (what.do === 'status') await client.updateStatus(pods, { ...pod, status: what.status })
      else await client.delete(pods, key, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (isReason(error, 'NotFound')) return
      if (!isReason(error, 'Conflict')) log.warn('simulated pod', { pod: key, error: String(error) })
      this.#wake(key, 100)
    }
  }
}

/** Resolves when all nodes are registered and their pods are followed. */
export async function simulateNodes(parts: SimulationParts): Promise<Simulation> {
  const simulator = new Simulator(parts)
  await simulator.start()
  return simulator
}
