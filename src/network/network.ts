/** The network of one node: services, policies, routes, the DNS snapshot. Follows the API, writes what changed, and nothing else. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { groupResource } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { endpointSlices, namespaces, networkPolicies, nodes, services } from '#kinds/facts/generated/refs.ts'
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type Compiled, type Compiler, makeCompiler } from './compile.ts'
import { dropStaleFlows } from './conntrack.ts'
import { type SnapshotKeeper, keepSnapshot } from './dns/keep.ts'
import { clearHost, prepareHost } from './host.ts'
import { parseRange } from './ip.ts'
import { Policies, type Refusal } from './policies/keep.ts'
import { Refusals } from './policies/refusals.ts'
import type { Place } from './policies/table.ts'
import { tableName } from './ruleset.ts'
import type { Frame } from './services/table.ts'
import { type Tool, runTool } from './tool.ts'
import { type Writer, listTable, makeWriter, removeTable } from './writer.ts'

export interface NetworkParts {
  /** With the identity system:bulwark:network:NODE; see plane/policy.ts for what it may read. */
  readonly reader: Reader
  readonly clock: Clock
  readonly log: Log
  /** Of the cluster; names the table. */
  readonly name: string
  readonly nodeName: string
  /** Of this node, as seen from this process's network namespace. */
  readonly nodeIPs: readonly string[]
  /** Of this node's pods; absent: taken from the Node when the cluster has given it one. */
  readonly podCIDR?: string
  readonly serviceCIDR: string
  /** Cluster DNS, when this node runs it: its address, its domain, and where its data go. */
  readonly dns?: { readonly address: string; readonly domain: string; readonly snapshot: string }
  /** Interfaces that lead to pods; those of the ptp plugin unless given. */
  readonly podInterfaces?: string
  readonly tool?: Tool
  /** Asks the server for the newest revision of a namespace's policies; undefined where it has none. */
  readonly newest?: (namespace: string) => Promise<number | undefined>
  /** Told of each flow that policies refused. */
  readonly refused?: (refusal: Refusal) => void
}

export interface Network {
  /**
   * Resolves when the pod may begin: the rules for its addresses are in force. Until then it can reach nobody.
   * @throws Error where the rules cannot be written in time
   */
  admit(pod: Pod, addresses: readonly string[]): Promise<void>
  /** Resolves when all that was read by now is in force. */
  settled(): Promise<void>
  /** Ends following; rules, routes and DNS go on as they are. */
  stop(): Promise<void>
}

/** Changes within this time become one transaction. */
const batchMs = 10
/** So long a pod waits for its rules. */
const admitMs = 30_000
const notWritten = 'the rules of its network cannot be written; see the log of the agent'
/** So long an answer about policies is waited for before what is known is taken. */
const answerMs = 2_000
/** How often is checked that nobody else has changed what is ours. */
const verifyMs = 30_000

/** What a pod that is to begin waits for. @throws Error where that takes too long */
export async function inTime<T>(clock: Clock, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(admitMs, () => late.reject(new Error(notWritten)))
  return Promise.race([work, late.promise]).finally(cancel)
}

const internalIP = ({ status }: Node): string | undefined =>
  status?.addresses?.find(one => one.type === 'InternalIP' && !one.address.includes(':'))?.address

const rangeOf = ({ spec }: Node): string | undefined => {
  const range = spec?.podCIDR ?? ''
  return parseRange(range) === undefined ? undefined : range
}

const placeOf = ({ podCIDR, dnsIP, podInterfaces, serviceCIDR }: Frame): Place => ({
  ...(podCIDR !== undefined && { podCIDR }),
  ...(dnsIP !== undefined && { dnsIP }),
  podInterfaces,
  serviceCIDR,
})

class Running implements Network {
  readonly #parts: NetworkParts
  readonly #tool: Tool
  readonly #compiler: Compiler
  readonly #writer: Writer
  readonly #policies: Policies
  readonly #refusals: Refusals
  readonly #snapshot: SnapshotKeeper | undefined
  readonly #ends: (() => void)[] = []
  #batch: PromiseWithResolvers<void> | undefined
  #flows: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  #host = ''
  #work: Promise<void> = Promise.resolve()
  #cancelVerify: () => void = () => undefined
  #stopped = false
  /** The kernel has what was last made of the API, or of a moment ago while that is written. */
  #inForce = false

  constructor(parts: NetworkParts) {
    this.#parts = parts
    this.#tool = parts.tool ?? runTool
    this.#policies = new Policies({ ...parts, changed: () => this.#changed() })
    this.#refusals = new Refusals({
      ...parts,
      tool: this.#tool,
      table: tableName(parts.name),
      watched: () => parts.refused !== undefined && this.#policies.populated(),
      tell: flow => {
        const refusal = this.#policies.refusedBy(flow)
        if (refusal !== undefined) parts.refused?.(refusal)
      },
    })
    this.#compiler = makeCompiler(parts.name, frame => this.#policies.fragments(placeOf(frame)))
    this.#writer = makeWriter({ tool: this.#tool, clock: parts.clock, log: parts.log })
    this.#snapshot = parts.dns === undefined ? undefined : keepSnapshot({ ...parts, ...parts.dns })
  }

  async start(): Promise<void> {
    const { reader } = this.#parts
    await Promise.all([reader.require([services, endpointSlices, namespaces, nodes]), this.#policies.start()])
    const changed = (): void => this.#changed()
    for (const ref of [services, endpointSlices, namespaces, nodes]) this.#ends.push(reader.subscribe(ref, changed))
    this.#changed()
    await this.settled()
    this.#verifyLater()
    this.#refusals.start()
  }

  async admit(pod: Pod, addresses: readonly string[]): Promise<void> {
    await inTime(this.#parts.clock, this.#caughtUp(pod.metadata.namespace ?? ''))
    this.#policies.give(pod, addresses)
    await inTime(this.#parts.clock, this.#written())
    // A pod that found its address among rules of an earlier one would begin under those.
    if (this.#stopped || !this.#inForce) throw new Error(notWritten)
  }

  async settled(): Promise<void> {
    while (this.#batch !== undefined) await this.#batch.promise
    await this.#work
    await this.#snapshot?.settled()
  }

  /** A watch may be behind, after a restart of the server for seconds. Where nobody answers, what is known holds. */
  async #caughtUp(namespace: string): Promise<void> {
    const { reader, newest, clock } = this.#parts
    if (newest === undefined) return
    const nobody = Promise.withResolvers<undefined>()
    const cancel = clock.after(answerMs, () => nobody.resolve(undefined))
    const asked = newest(namespace).catch(() => undefined)
    const revision = await Promise.race([asked, nobody.promise]).finally(cancel)
    if (revision !== undefined) await reader.reached(revision, groupResource(networkPolicies))
  }

  /** What has changed by now is written; changes that come meanwhile, without end on a busy cluster, are not waited for. */
  async #written(): Promise<void> {
    await this.#batch?.promise
    await this.#work
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const end of this.#ends) end()
    this.#policies.stop()
    this.#cancelVerify()
    this.#batch?.resolve()
    this.#batch = undefined
    await Promise.all([this.#writer.stop(), this.#refusals.stop()])
    await this.#work
    await this.#snapshot?.stop()
  }

  #changed(): void {
    if (this.#stopped || this.#batch !== undefined) return
    const batch = Promise.withResolvers<void>()
    this.#batch = batch
    this.#parts.clock.after(batchMs, () => {
      if (this.#batch !== batch) return
      this.#batch = undefined
      this.#enqueue(() => this.#reconcile())
      batch.resolve()
    })
  }

  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#parts.log.error('the network is not as it should be', { error: String(error) })
    })
  }

  async #reconcile(): Promise<void> {
    const flows = await this.#write().catch((error: unknown) => {
      this.#inForce = false
      throw error
    })
    this.#inForce = true
    await this.#forget(flows)
  }

  async #write(): Promise<Compiled['flows']> {
    const { reader, nodeName, dns } = this.#parts
    const all = reader.list(nodes)
    const me = all.find(node => node.metadata.name === nodeName)
    const frame = this.#frame(all, me)
    const objects = { services: reader.list(services), slices: reader.list(endpointSlices) }
    const here = { nodeName, zone: me?.metadata.labels?.['topology.kubernetes.io/zone'] ?? '' }
    const { ruleset, flows } = this.#compiler.compile(objects, frame, here)
    this.#writer.want(ruleset)
    if (dns !== undefined) {
      const clients = frame.podCIDR === undefined ? [] : [frame.podCIDR]
      this.#snapshot?.update({ ...objects, namespaces: reader.list(namespaces), clients })
    }
    await this.#prepare(all).catch((error: unknown) =>
      this.#parts.log.error('cannot prepare the machine', { error: String(error) }),
    )
    await this.#writer.settled()
    return flows
  }

  #frame(all: readonly Node[], me: Node | undefined): Frame {
    const { serviceCIDR, dns } = this.#parts
    const podCIDR = this.#parts.podCIDR ?? (me === undefined ? undefined : rangeOf(me))
    const ranges = all.flatMap(node => rangeOf(node) ?? [])
    return {
      ...(podCIDR === undefined ? {} : { podCIDR }),
      podRanges: [...new Set(podCIDR === undefined ? ranges : [podCIDR, ...ranges])].sort(),
      serviceCIDR,
      ...(dns === undefined ? {} : { dnsIP: dns.address }),
      podInterfaces: this.#parts.podInterfaces ?? 'veth*',
    }
  }

  /** Only when something that it depends on has changed, or `again`. */
  async #prepare(all: readonly Node[], again = false): Promise<void> {
    const { nodeName, nodeIPs, serviceCIDR, dns, log } = this.#parts
    const others = all.filter(node => node.metadata.name !== nodeName)
    const peers = new Map(
      others.flatMap(node => {
        const [range, via] = [rangeOf(node), internalIP(node)]
        return range === undefined || via === undefined || nodeIPs.includes(via) ? [] : [[range, via] as const]
      }),
    )
    const key = JSON.stringify([...peers])
    if (key === this.#host && !again) return
    await prepareHost(this.#tool, log, {
      nodeIPs,
      serviceCIDR,
      peers,
      ...(dns === undefined ? {} : { dnsIP: dns.address }),
    })
    this.#host = key
  }

  async #forget(flows: ReadonlyMap<string, ReadonlySet<string>>): Promise<void> {
    const before = this.#flows
    this.#flows = flows
    const changed = [...flows].filter(([key, ends]) => before.get(key) !== ends)
    const local = (address: string): boolean => this.#parts.nodeIPs.includes(address)
    await dropStaleFlows(this.#tool, new Map(changed), local)
  }

  #verifyLater(): void {
    if (this.#stopped) return
    this.#cancelVerify = this.#parts.clock.after(verifyMs, () => {
      this.#enqueue(async () => {
        await this.#prepare(this.#parts.reader.list(nodes), true)
        await this.#writer.verify()
      })
      void this.#work.then(() => this.#verifyLater())
    })
  }
}

/** Resolves when the rules are in force. Whatever an earlier agent left stays in force until then. */
export async function startNetwork(parts: NetworkParts): Promise<Network> {
  const network = new Running(parts)
  await network.start()
  return network
}

/** Takes away the table, routes and addresses of a cluster from this network namespace. */
export async function removeNetwork(name: string, tool: Tool = runTool): Promise<void> {
  if ((await listTable(tool, tableName(name))) !== undefined) await removeTable(tool, tableName(name))
  await clearHost(tool)
}
