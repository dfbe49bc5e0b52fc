/** A node's own object and its lease: registered, kept true, renewed. */
import { type Clock, microTimestamp, timestamp } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isReason } from '#api/status.ts'
import type { Client } from '#client/client.ts'
import { leases, nodes } from '#kinds/facts/generated/refs.ts'
import type {
  ContainerImage,
  Node,
  NodeCondition,
  NodeStatus,
  NodeSystemInfo,
} from '#kinds/facts/generated/types/core_v1.ts'

/** What a node tells about itself. */
export interface NodeFacts {
  readonly labels?: Readonly<Record<string, string>>
  readonly addresses: readonly { readonly type: 'InternalIP' | 'Hostname'; readonly address: string }[]
  readonly capacity: Readonly<Record<string, string>>
  readonly allocatable: Readonly<Record<string, string>>
  readonly info: NodeSystemInfo
  readonly images?: readonly ContainerImage[]
  /** Port of the agent's own API; 0 where there is none. */
  readonly port: number
  /** Why pods cannot run, else undefined. */
  readonly notReady?: string
  readonly runtimeHandlers?: NodeStatus['runtimeHandlers']
}

export interface NodeParts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly name: string
  readonly describe: () => NodeFacts
  readonly taints?: Node['spec']['taints']
}

export interface NodeKeeper {
  /** Writes the status now if it changed. */
  update(): Promise<void>
  stop(): void
}

const renewEvery = 10_000
const leaseSeconds = 40
/** An unchanged status is written again after this long. */
const reportEvery = 300_000
const namespace = 'kube-node-lease'

const fine = [
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
] as const
const ready = ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'] as const

function conditions(facts: NodeFacts, old: readonly NodeCondition[], now: string): readonly NodeCondition[] {
  const own = [
    ...fine,
    facts.notReady === undefined ? ready : (['Ready', 'False', 'KubeletNotReady', facts.notReady] as const),
  ]
  const foreign = old.filter(one => own.every(([type]) => type !== one.type))
  return [
    ...foreign,
    ...own.map(([type, status, reason, message]) => {
      const before = old.find(one => one.type === type)
      const since = before?.status === status ? (before.lastTransitionTime ?? now) : now
      return { type, status, lastHeartbeatTime: now, lastTransitionTime: since, reason, message }
    }),
  ]
}

/** @param now milliseconds */
export function nodeStatus(facts: NodeFacts, old: NodeStatus | undefined, now: number): NodeStatus {
  return {
    capacity: facts.capacity,
    allocatable: facts.allocatable,
    conditions: conditions(facts, old?.conditions ?? [], timestamp(now)),
    addresses: facts.addresses,
    daemonEndpoints: { kubeletEndpoint: { Port: facts.port } },
    nodeInfo: facts.info,
    ...(facts.images === undefined ? {} : { images: facts.images }),
    ...(facts.runtimeHandlers === undefined ? {} : { runtimeHandlers: facts.runtimeHandlers }),
  }
}

export function nodeLabels(name: string, facts: NodeFacts): Readonly<Record<string, string>> {
  const { operatingSystem, architecture } = facts.info
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': operatingSystem,
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': operatingSystem,
    ...facts.labels,
  }
}

async function register({ client, name, describe, clock, taints }: NodeParts): Promise<Node> {
  const facts = describe()
  const found = await client.find(nodes, name)
  const labels = nodeLabels(name, facts)
  if (found === undefined) {
    const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
    const status = nodeStatus(facts, undefined, clock.now())
    const spec = taints === undefined ? {} : { taints }
    return await client.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels, annotations },
      spec,
      status,
    })
  }
  const stale = Object.entries(labels).some(([key, value]) => found.metadata.labels?.[key] !== value)
  return stale ? await client.patch(nodes, name, { type: 'merge', content: { metadata: { labels } } }) : found
}

const withoutHeartbeat = (status: NodeStatus): string =>
  JSON.stringify({ ...status, conditions: status.conditions?.map(one => ({ ...one, lastHeartbeatTime: '' })) })

async function renew({ client, clock, name }: NodeParts, uid: string): Promise<void> {
  const renewTime = microTimestamp(clock.now())
  try {
    await client.patch(leases, `${namespace}/${name}`, { type: 'merge', content: { spec: { renewTime } } })
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
    await client.create(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
      spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
    })
  }
}

/** Registers the node, retrying until it is told to stop; resolves once it is registered and reported. */
export async function keepNode(parts: NodeParts): Promise<NodeKeeper> {
  const { client, clock, log, name, describe } = parts
  let [stopped, uid, written, reported] = [false, '', '', -Infinity]
  let cancel = (): void => undefined
  const report = async (): Promise<void> => {
    const node = await client.find(nodes, name)
    if (node === undefined || stopped) {
      if (!stopped) uid = (await register(parts)).metadata.uid ?? ''
      return
    }
    const status = nodeStatus(describe(), node.status, clock.now())
    const text = withoutHeartbeat(status)
    if (text === written && clock.monotonic() - reported < reportEvery) return
    await client.updateStatus(nodes, { ...node, status })
    written = text
    reported = clock.monotonic()
  }
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      if (!stopped) log.warn(`cannot ${what}`, { node: name, error: String(error) })
      return false
    }
  }
  const beat = async (): Promise<void> => {
    if (uid === '')
      await attempt('register the node', async () => void (uid = (await register(parts)).metadata.uid ?? ''))
    const ok =
      uid !== '' &&
      (await attempt('renew the lease', () => renew(parts, uid))) &&
      (await attempt('report the node', report))
    if (!stopped) cancel = clock.after(ok ? renewEvery : 1_000, () => void beat())
  }
  await beat()
  return {
    update: () => attempt('report the node', report).then(() => undefined),
    stop: () => {
      stopped = true
      cancel()
    },
  }
}
