/** The node agent: every pod that is bound to this node runs here, and nothing else does. */
import { readFileSync, readdirSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { keyOf } from '#api/metadata.ts'
import type { Change, Reader } from '#api/reader.ts'
import type { Client } from '#client/client.ts'
import { typed } from '#client/client.ts'
import { makeRecorder } from '#client/events.ts'
import { nodes, pods, services } from '#kinds/facts/generated/refs.ts'
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Runtime } from '../containerd/instance.ts'
import { unmountUnder } from '../containerd/purge.ts'
import { rotate, usualLimits } from '../logs.ts'
import { makeObjects } from '../objects.ts'
import { logDirectory, nodePaths } from '../paths.ts'
import { type ClusterNames, parseResolver } from '../pod/names.ts'
import { keepNode, type NodeFacts, type NodeKeeper } from '../registration.ts'
import { type KnownPod, listPods, type RuntimePod } from '../runtime.ts'
import { makeTokens } from '../tokens.ts'
import { makeTurns } from '../turns.ts'
import type { Context } from './context.ts'
import { followRuntime, type RuntimeEvents } from './events.ts'
import { machineFacts, networkTrouble, nodeImages } from './facts.ts'
import { PodWorker } from './worker.ts'

export interface AgentParts {
  /** With the identity system:node:NAME. */
  readonly client: Client
  /** Shows this node's pods (others' are passed over), services, and this node. */
  readonly reader: Reader
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly containerd: Runtime
  readonly nodeName: string
  /** The node's directory: pods, logs and seccomp profiles lie in it. */
  readonly dir: string
  /** Unique on the machine, absolute, for example `/bulwark-default`: all pods' groups are below it. */
  readonly cgroup: string
  /** This node's addresses, the first of each family first. */
  readonly hostIPs: readonly string[]
  /** Addresses of the cluster's DNS; empty where there is none. */
  readonly clusterDNS: readonly string[]
  /** For example `cluster.local`. */
  readonly clusterDomain: string
  /** For example `v1.36.0`. */
  readonly version: string
  /** Of the agent's own API; see server.ts. */
  readonly port: number
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: Node['spec']['taints']
  /** Where the cluster assigns none. */
  readonly podCIDR?: string
  /** See Context; absent: nothing stands between pods. */
  readonly admit?: Context['admit']
  readonly maxPods?: number
  readonly podPids?: number
}

export interface RunningPod {
  readonly pod: Pod
  readonly runtime: RuntimePod
}

export interface Agent {
  /** Ends decisions; pods and containerd keep running. */
  stop(): Promise<void>
  pods(): readonly RunningPod[]
}

/** Pods of one node at the most. */
export const usualMaxPods = 110
/** Processes of one pod at the most. */
export const usualPodPids = 4096
/** Calls of the runtime that start something, at the same time. */
const startsPerProcessor = 2
const upkeepEvery = 10_000
/** While the runtime has no network for pods. */
const troubleEvery = 250
/** A node whose runtime is silent for so long is not ready, in milliseconds. */
const runtimePatience = 30_000

class Running implements Agent {
  readonly #parts: AgentParts
  readonly #context: Context
  /** By uid. */
  readonly #workers = new Map<string, PodWorker>()
  readonly #abort = new AbortController()
  #facts: NodeFacts
  #known: ReadonlyMap<string, KnownPod> = new Map()
  #podCIDR = ''
  /** What the runtime says of its network while that is not ready. */
  #networkTrouble: string | undefined
  #keeper: NodeKeeper | undefined
  #events: RuntimeEvents | undefined
  readonly #unsubscribe: (() => void)[] = []

  constructor(parts: AgentParts, facts: NodeFacts) {
    this.#parts = parts
    this.#facts = facts
    const { client, reader, clock, log, random, nodeName } = parts
    const names: ClusterNames = {
      dns: parts.clusterDNS,
      domain: parts.clusterDomain,
      host: parseResolver(readFileSync('/etc/resolv.conf', 'utf8')),
    }
    this.#context = {
      client,
      reader,
      clock,
      log,
      nodeName,
      cri: parts.containerd.cri,
      recorder: makeRecorder({ client, clock, component: 'kubelet', host: nodeName }),
      objects: makeObjects({ client, clock, log, random }, holders => {
        for (const uid of holders) this.#workers.get(uid)?.refreshVolumes()
      }),
      tokens: makeTokens(client, clock),
      hostIPs: () => parts.hostIPs,
      names: () => names,
      allocatable: () => this.#facts.allocatable,
      memory: totalmem(),
      paths: nodePaths(parts.dir),
      cgroup: parts.cgroup,
      podPids: parts.podPids ?? usualPodPids,
      admit: parts.admit ?? (() => Promise.resolve()),
      turns: makeTurns(startsPerProcessor * availableParallelism()),
    }
  }

  async start(): Promise<void> {
    const { reader, client, clock, log, nodeName, taints, podCIDR } = this.#parts
    if (podCIDR !== undefined) await this.#setNetwork(podCIDR)
    const [known, keeper] = await Promise.all([
      listPods(this.#context.cri),
      keepNode({
        client,
        clock,
        log,
        name: nodeName,
        describe: () => this.#describe(),
        ...(taints === undefined ? {} : { taints }),
      }),
      reader.require([pods, services, nodes]),
    ])
    this.#keeper = keeper
    this.#known = new Map(known.map(one => [one.uid, one]))
    this.#unsubscribe.push(
      reader.subscribe(nodes, changes => this.#onNodes(changes)),
      reader.subscribe(pods, changes => this.#onPods(changes)),
    )
    await this.#dropStrangers()
    this.#events = followRuntime(this.#context.cri, log, uid => this.#stir(uid))
    void this.#upkeep()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#keeper?.stop()
    this.#events?.stop()
    await Promise.all([...this.#workers.values()].map(worker => worker.stop()))
    this.#context.objects.stop()
    await this.#context.recorder.flush()
  }

  pods(): readonly RunningPod[] {
    return [...this.#workers.values()].map(({ pod, runtime }) => ({ pod, runtime }))
  }

  #describe(): NodeFacts {
    const notReady = this.#notReady()
    return notReady === undefined ? this.#facts : { ...this.#facts, notReady }
  }

  #notReady(): string | undefined {
    if (this.#podCIDR === '')
      return 'container runtime network not ready: the cluster has given this node no pod network yet'
    return (this.#events?.silence() ?? 0) > runtimePatience ? 'container runtime is down' : this.#networkTrouble
  }

  async #setNetwork(podCIDR: string): Promise<void> {
    if (this.#podCIDR !== '') return
    this.#podCIDR = podCIDR
    await this.#parts.containerd.setNetwork(podCIDR)
    await this.#keeper?.update()
  }

  #onNodes(changes: readonly Change[]): void {
    for (const { type, key, object } of changes) {
      if (type !== 'put' || key !== this.#parts.nodeName) continue
      const { podCIDR } = typed(nodes, object).spec
      if (podCIDR !== undefined && podCIDR !== '')
        this.#setNetwork(podCIDR).catch((error: unknown) =>
          this.#parts.log.error('cannot set the pod network', { error: String(error) }),
        )
    }
  }

  #onPods(changes: readonly Change[]): void {
    for (const { type, object } of changes) {
      const pod = typed(pods, object)
      if (pod.spec.nodeName !== this.#parts.nodeName) continue
      const uid = pod.metadata.uid ?? ''
      const worker = this.#workers.get(uid)
      if (type === 'delete') worker?.vanish()
      else if (worker === undefined) this.#begin(pod, this.#known.has(uid)).poke()
      else worker.update(pod)
    }
  }

  #begin(pod: Pod, known: boolean): PodWorker {
    const uid = pod.metadata.uid ?? ''
    // A pod of the same name that came before is gone, whatever was missed.
    for (const other of this.#workers.values()) if (keyOf(other.pod) === keyOf(pod)) other.vanish()
    const worker = new PodWorker(this.#context, pod, { known, onDone: () => this.#workers.delete(uid) })
    this.#workers.set(uid, worker)
    return worker
  }

  /** Ends what the runtime has of pods that the API does not know, and what lies about of them. */
  async #dropStrangers(): Promise<void> {
    for (const { uid, namespace, name } of this.#known.values()) {
      if (this.#workers.has(uid)) continue
      const metadata = { name, namespace, uid }
      const stranger: Pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } }
      const worker = new PodWorker(this.#context, stranger, { known: true, onDone: () => this.#workers.delete(uid) })
      this.#workers.set(uid, worker)
      worker.vanish()
    }
    const { pods: folder } = this.#context.paths
    for (const uid of folders(folder).filter(name => !this.#workers.has(name))) {
      await unmountUnder(join(folder, uid))
      await rm(join(folder, uid), { recursive: true, force: true })
    }
  }

  #stir(uid: string): void {
    if (uid === '') for (const worker of this.#workers.values()) worker.stir()
    else this.#workers.get(uid)?.stir()
  }

  async #upkeep(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        this.#facts = { ...this.#facts, images: await nodeImages(this.#context.cri) }
        await this.#askNetwork()
        for (const { pod, runtime } of this.pods()) await this.#rotate(pod, runtime)
      } catch (error) {
        if (!signal.aborted) this.#parts.log.warn('upkeep', { error: String(error) })
      }
      const every = this.#networkTrouble === undefined ? upkeepEvery : troubleEvery
      await sleep(every, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  async #askNetwork(): Promise<void> {
    const before = this.#networkTrouble
    this.#networkTrouble = await networkTrouble(this.#context.cri)
    if (this.#networkTrouble !== before) await this.#keeper?.update()
  }

  async #rotate(pod: Pod, runtime: RuntimePod): Promise<void> {
    const { cri, clock, paths } = this.#context
    for (const { id, state, name, attempt } of runtime.containers) {
      if (state !== 'running') continue
      const path = join(logDirectory(paths, pod), name, `${attempt}.log`)
      const reopen = async (): Promise<void> => void (await cri.runtime.reopenContainerLog({ containerId: id }))
      await rotate(path, usualLimits, { now: clock.now(), reopen })
    }
  }
}

const folders = (path: string): readonly string[] => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** Registers the node and takes up its pods: those that run already are adopted. */
export async function startAgent(parts: AgentParts): Promise<Agent> {
  await mkdir(parts.dir, { recursive: true, mode: 0o711 })
  const { runtimeName, runtimeVersion } = await parts.containerd.cri.runtime.version({})
  const { nodeName: name, dir, hostIPs, version, port, labels, maxPods = usualMaxPods } = parts
  const runtime = `${runtimeName}://${runtimeVersion.replace(/~.*/, '')}`
  const machine = { name, dir, hostIPs, version, runtimeVersion: runtime, port, maxPods }
  const agent = new Running(parts, machineFacts(labels === undefined ? machine : { ...machine, labels }))
  await agent.start()
  return agent
}
