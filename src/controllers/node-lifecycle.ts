/**
 * Judges whether nodes live: by when this observer last saw a lease or status change, on its own clock. Tells in
 * conditions and taints, and takes the readiness of pods on silent nodes away.
 */
import { leases, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Node, NodeCondition, Pod, Taint } from '#kinds/facts/generated/types/core_v1.ts'
import { keyOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import {
  type Controller,
  type Decision,
  type Input,
  type Notice,
  type Watch,
  type Write,
  nothing,
  selfKey,
} from '#client/controller.ts'
import { condition, stamp, without } from './conditions.ts'
import { same } from './equal.ts'
import { nodeIndex, podsOn } from './node-pods.ts'
import { isReady } from './pods.ts'
import { eventWriter, reading, rule } from './rules.ts'
import { update, updateStatus } from './writes.ts'

/** Milliseconds of silence after which a node counts as lost; longer for one that has never reported. */
const grace = 50_000
const startupGrace = 60_000
const leaseNamespace = 'kube-node-lease'

const notReady = 'node.kubernetes.io/not-ready'
const unreachable = 'node.kubernetes.io/unreachable'

const leaseKeys: Watch['keys'] = ({ object }) =>
  object.metadata.namespace === leaseNamespace && object.metadata.name !== undefined ? [object.metadata.name] : []

export interface Health {
  /** What was last seen of lease and status. */
  readonly seen: string
  /** When that changed, in milliseconds of our clock. */
  readonly at: number
}

export const nodeLifecycle: Controller<Health> = {
  name: 'node-controller',
  watches: [
    { ref: nodes, keys: selfKey },
    { ref: leases, keys: leaseKeys },
  ],
  reads: [pods],
  indexes: [nodeIndex],
  rules: [
    rule('', ['nodes'], ['get', 'list', 'patch', 'update', 'watch']),
    rule('', ['nodes/status', 'pods/status'], ['patch', 'update']),
    rule('', ['pods'], reading),
    rule('coordination.k8s.io', ['leases'], reading),
    eventWriter,
  ],
  decide,
}

function decide(key: string, { read, now, memory }: Input<Health>): Decision<Health> {
  const node = read.get(nodes, key)
  if (node === undefined) return nothing
  const events: Notice[] = []
  if (memory === undefined)
    events.push({
      about: node,
      type: 'Normal',
      reason: 'RegisteredNode',
      message: `Registered Node ${key} in Controller`,
    })
  const ready = condition(node.status?.conditions, 'Ready')
  const lease = read.get(leases, `${leaseNamespace}/${key}`)
  const seen = JSON.stringify([lease?.spec.renewTime, lease?.metadata.uid, ready?.lastHeartbeatTime, node.metadata.uid])
  const health = memory?.seen === seen ? memory : { seen, at: now }
  const left = health.at + (ready === undefined ? startupGrace : grace) - now
  const lost = left <= 0
  const conditions = lost ? lostConditions(node, now) : (node.status?.conditions ?? [])
  const writes: Write[][] = []
  if (lost && !same(conditions, node.status?.conditions) && node.status !== undefined)
    writes.push([updateStatus(nodes, { ...node, status: { ...node.status, conditions } })])
  const status = condition(conditions, 'Ready')?.status
  if (lost && ready?.status === 'True')
    events.push({
      about: node,
      type: 'Normal',
      reason: 'NodeNotReady',
      message: `Node ${key} status is now: NodeNotReady`,
    })
  if (writes.length === 0) {
    const taints = taintsFor(node, { conditions, now, mayEvict: status === 'True' || othersLive(read, key) })
    if (!same(taints, node.spec.taints)) writes.push([update(nodes, { ...node, spec: { ...node.spec, taints } })])
  }
  if (status !== undefined && status !== 'True')
    writes.push(
      podsOn(read, key)
        .filter(isReady)
        .map(pod => unready(pod, now)),
    )
  return {
    writes: writes.filter(group => group.length > 0),
    events,
    memory: health,
    ...(lost ? {} : { again: left }),
  }
}

const reported = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

function lostConditions(node: Node, now: number): readonly NodeCondition[] {
  let list: readonly NodeCondition[] = node.status?.conditions ?? []
  for (const type of reported) {
    const old = condition(list, type)
    if (old?.status === 'Unknown') continue
    const time = stamp(now)
    const next: NodeCondition =
      old === undefined
        ? {
            type,
            status: 'Unknown',
            reason: 'NodeStatusNeverUpdated',
            message: 'Kubelet never posted node status.',
            lastHeartbeatTime: node.metadata.creationTimestamp ?? time,
            lastTransitionTime: time,
          }
        : {
            ...old,
            status: 'Unknown',
            reason: 'NodeStatusUnknown',
            message: 'Kubelet stopped posting node status.',
            lastTransitionTime: time,
          }
    list = [...without(list, type), next]
  }
  return list
}

/** When no node lives at all, it is more likely we who are cut off: nobody is evicted then. */
const othersLive = (read: Reader, key: string): boolean =>
  read
    .list(nodes)
    .some(node => node.metadata.name !== key && condition(node.status?.conditions, 'Ready')?.status === 'True')

interface Judged {
  readonly conditions: readonly NodeCondition[]
  readonly now: number
  readonly mayEvict: boolean
}

const byCondition: readonly (readonly [string, string])[] = [
  ['MemoryPressure', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'node.kubernetes.io/network-unavailable'],
]
const unschedulable = 'node.kubernetes.io/unschedulable'
const ours = new Set([notReady, unreachable, unschedulable, ...byCondition.map(([, key]) => key)])

function taintsFor(node: Node, { conditions, now, mayEvict }: Judged): readonly Taint[] {
  const ready = condition(conditions, 'Ready')?.status
  const dead = ready === 'True' || ready === undefined ? undefined : ready === 'False' ? notReady : unreachable
  const wanted: Taint[] = byCondition
    .filter(([type]) => condition(conditions, type)?.status === 'True')
    .map(([, key]) => ({ key, effect: 'NoSchedule' }))
  if (node.spec.unschedulable === true) wanted.push({ key: unschedulable, effect: 'NoSchedule' })
  // A node that has not reported yet keeps the taint that it was registered with.
  if (dead !== undefined || ready === undefined) wanted.push({ key: dead ?? notReady, effect: 'NoSchedule' })
  if (dead !== undefined && mayEvict) wanted.push({ key: dead, effect: 'NoExecute', timeAdded: stamp(now) })
  const existing = node.spec.taints ?? []
  const sameTaint = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect
  const kept = existing.filter(
    taint => !ours.has(taint.key) || taint.effect === 'PreferNoSchedule' || wanted.some(one => sameTaint(one, taint)),
  )
  return [...kept, ...wanted.filter(one => !kept.some(taint => sameTaint(one, taint)))]
}

function unready(pod: Pod, now: number): Write {
  const next = { type: 'Ready', status: 'False', reason: 'NodeNotReady', lastTransitionTime: stamp(now) }
  const patch = { type: 'strategic', content: { status: { conditions: [next] } } } as const
  const says: Notice = { about: pod, type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' }
  return { op: 'patch', ref: pods, key: keyOf(pod), patch, subresource: 'status', says, harmless: ['NotFound'] }
}
