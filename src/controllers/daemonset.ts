/** DaemonSets: one pod on every node that will have it. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { controllerRevisions, daemonSets, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { DaemonSet, DaemonSetStatus } from '#kinds/facts/generated/types/apps_v1.ts'
import type { Node, Pod, PodSpec, Toleration } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, keyOf } from '#api/metadata.ts'
import { type Selector, fromLabelSelector } from '#api/selector.ts'
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
import { scaled } from './deployment/size.ts'
import { same, sameStatus } from './equal.ts'
import { forget, hashOf, historyOf, revisionLabel } from './history.ts'
import { matchesNode } from './node-affinity.ts'
import { claim, controlledBy, controllerIndex, controllerRef, orphansIn, ownerKeys } from './owners.ts'
import { isDeleting, isReady, podFrom, untilAvailable } from './pods.ts'
import { creation, deletion } from './replicas.ts'
import { podWriter, reading, rule } from './rules.ts'
import { untolerated } from './taints.ts'
import { updateStatus } from './writes.ts'

const isDaemonSet = (object: KObject): object is DaemonSet => object.kind === 'DaemonSet'
const isNode = (object: KObject): object is Node => object.kind === 'Node'
const selectorOf = (object: KObject): Selector | undefined => {
  const selector = isDaemonSet(object) ? fromLabelSelector(object.spec.selector) : undefined
  return selector?.length === 0 ? undefined : selector
}

/** Heartbeats concern nobody; where a pod may run depends on these alone. */
const relevant = (node: Node): unknown => [node.metadata.labels, node.spec.taints, node.spec.unschedulable]
const nodeKeys: Watch['keys'] = ({ type, object, previous }, read) => {
  const unchanged =
    type === 'put' &&
    isNode(object) &&
    previous !== undefined &&
    isNode(previous) &&
    same(relevant(previous), relevant(object))
  return unchanged ? [] : read.list(daemonSets).map(keyOf)
}

/** By node: how often its failed pod was ended, and when last, in milliseconds since the epoch. */
export type Kills = ReadonlyMap<string, { readonly count: number; readonly at: number }>

const longestWait = 900_000
/** Failed pods are replaced after 1, 2, 4… seconds. */
const killAfter = (kills: Kills | undefined, node: string): number => {
  const last = kills?.get(node)
  return last === undefined ? 0 : last.at + Math.min(longestWait, 1000 * 2 ** Math.min(20, last.count - 1))
}

export const daemonSet: Controller<Kills> = {
  name: 'daemon-set-controller',
  component: 'daemonset-controller',
  watches: [
    { ref: daemonSets, keys: selfKey },
    { ref: pods, keys: ownerKeys(daemonSets, selectorOf) },
    { ref: nodes, keys: nodeKeys },
    { ref: controllerRevisions, keys: ownerKeys(daemonSets, () => undefined) },
  ],
  indexes: [controllerIndex(pods), controllerIndex(controllerRevisions)],
  rules: [
    rule('apps', ['daemonsets'], reading),
    rule('apps', ['daemonsets/status', 'daemonsets/finalizers'], ['update']),
    rule('apps', ['controllerrevisions'], ['create', 'delete', 'patch', 'update', ...reading]),
    rule('', ['nodes'], reading),
    rule('', ['pods/binding'], ['create']),
    ...podWriter,
  ],
  decide,
}

const always: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
]
const onHostNetwork: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
}

const tolerationsOf = (spec: PodSpec): readonly Toleration[] => {
  const added = spec.hostNetwork === true ? [...always, onHostNetwork] : always
  return [...(spec.tolerations ?? []), ...added.filter(one => spec.tolerations?.some(own => same(own, one)) !== true)]
}

/** The pod for one node: the scheduler binds it there and nowhere else. */
function podFor(owner: DaemonSet, node: string, hash: string): Pod {
  const pod = podFrom(owner.spec.template, controllerRef(daemonSets, owner), owner.metadata.namespace ?? '')
  const matchFields = [{ key: 'metadata.name', operator: 'In' as const, values: [node] }]
  const { affinity } = pod.spec
  const nodeAffinity = {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
  }
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [revisionLabel]: hash } },
    spec: { ...pod.spec, affinity: { ...affinity, nodeAffinity }, tolerations: tolerationsOf(pod.spec) },
  }
}

/** The node a pod runs on or is meant for. */
function nodeOf({ spec }: Pod): string {
  if (spec.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  return terms.flatMap(term => term.matchFields ?? []).find(one => one.key === 'metadata.name')?.values?.[0] ?? ''
}

const hard = new Set(['NoSchedule', 'NoExecute'] as const)
const executing = new Set(['NoExecute'] as const)

function judge(owner: DaemonSet, node: Node): { readonly starts: boolean; readonly stays: boolean } {
  const { template } = owner.spec
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: template.spec }
  const named = template.spec.nodeName ?? ''
  if ((named !== '' && named !== node.metadata.name) || !matchesNode(pod, node)) return { starts: false, stays: false }
  const tolerations = tolerationsOf(template.spec)
  return {
    starts: untolerated(node.spec.taints, tolerations, hard) === undefined,
    stays: untolerated(node.spec.taints, tolerations, executing) === undefined,
  }
}

interface Spread {
  readonly create: string[]
  readonly remove: Pod[]
  readonly events: Notice[]
  /** Of nodes that should have a pod: the one that counts. */
  readonly kept: Map<string, Pod | undefined>
  misscheduled: number
}

const older = (a: Pod, b: Pod): number =>
  Number(isReady(b)) - Number(isReady(a)) ||
  ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1)

function spread(owner: DaemonSet, all: readonly Node[], claimed: readonly Pod[]): Spread {
  const result: Spread = { create: [], remove: [], events: [], kept: new Map(), misscheduled: 0 }
  const byNode = Map.groupBy(claimed, nodeOf)
  for (const node of all) {
    const name = node.metadata.name ?? ''
    const here = byNode.get(name) ?? []
    byNode.delete(name)
    const { starts, stays } = judge(owner, node)
    if (!stays || !starts) {
      if (here.some(pod => !isDeleting(pod))) result.misscheduled++
      if (!stays) result.remove.push(...here.filter(pod => !isDeleting(pod)))
      if (!starts) continue
    }
    place(owner, { node: name, here }, result)
  }
  // What is left runs on nodes that are gone: the pod collector's business, unless it has never been bound.
  for (const pod of [...byNode.values()].flat())
    if ((pod.spec.nodeName ?? '') === '' && !isDeleting(pod)) result.remove.push(pod)
  return result
}

function place(
  owner: DaemonSet,
  { node, here }: { readonly node: string; readonly here: readonly Pod[] },
  result: Spread,
): void {
  const ended = here.filter(pod => isTerminal(pod) && !isDeleting(pod))
  for (const pod of ended) {
    const failed = pod.status?.phase === 'Failed'
    const message = `Found ${failed ? 'failed' : 'succeeded'} daemon pod ${keyOf(pod)} on node ${node}, will try to ${failed ? 'kill' : 'delete'} it`
    const type = failed ? 'Warning' : 'Normal'
    result.events.push({ about: owner, type, reason: failed ? 'FailedDaemonPod' : 'SucceededDaemonPod', message })
  }
  result.remove.push(...ended)
  const [first, ...extra] = here.filter(pod => !isTerminal(pod) && !isDeleting(pod)).sort(older)
  result.remove.push(...extra)
  result.kept.set(node, first)
  // The next pod comes when the last has gone, else both would want the same ports and files.
  if (here.length === 0) result.create.push(node)
}

function decide(key: string, { read, asked, now, memory }: Input<Kills>): Decision<Kills> {
  const owner = read.get(daemonSets, key)
  const selector = owner === undefined ? undefined : selectorOf(owner)
  if (owner === undefined || selector === undefined) return nothing
  const candidates = [...controlledBy(read, pods, owner), ...orphansIn(read, pods, owner.metadata.namespace ?? '')]
  const {
    claimed,
    writes: claims,
    ask,
  } = claim({ ref: pods, ownerRef: daemonSets, owner, selector }, candidates, asked)
  if (ask.length > 0) return { writes: [], ask }
  const history = historyOf(read, daemonSets, owner)
  const result = spread(owner, read.list(nodes), claimed)
  const hash = hashOf(history.current)
  const deleting = owner.metadata.deletionTimestamp !== undefined
  const status = statusOf(owner, { result, hash, now })
  const report = sameStatus(status, owner.status) ? [] : [updateStatus(daemonSets, { ...owner, status })]
  if (deleting) return { writes: [report].filter(group => group.length > 0) }
  const failed = result.remove.filter(pod => pod.status?.phase === 'Failed')
  const early = new Set(failed.filter(pod => killAfter(memory, nodeOf(pod)) > now))
  const kills = killed(
    memory,
    failed.filter(pod => !early.has(pod)),
    now,
  )
  const outdated = roll(owner, { result, hash, now })
  const inUse = new Set(claimed.map(pod => pod.metadata.labels?.[revisionLabel] ?? ''))
  const groups: readonly (readonly Write[])[] = [
    claims,
    history.writes,
    [...result.remove.filter(pod => !early.has(pod)), ...outdated].map(pod => deletion(owner, pod)),
    result.create.map(node => creation(owner, podFor(owner, node, hash))),
    report,
    forget(owner, history, inUse),
  ]
  const waits = [...result.kept.values()].map(pod =>
    pod === undefined ? 0 : untilAvailable(pod, owner.spec.minReadySeconds ?? 0, now),
  )
  const retries = [...early].map(pod => killAfter(memory, nodeOf(pod)) - now)
  const again = Math.min(...waits.filter(wait => wait > 0), ...retries)
  return {
    writes: groups.filter(group => group.length > 0),
    events: early.size === 0 ? result.events : [],
    ...(kills.size === 0 ? {} : { memory: kills }),
    ...(Number.isFinite(again) ? { again } : {}),
  }
}

function killed(before: Kills | undefined, failed: readonly Pod[], now: number): Kills {
  const kills = new Map([...(before ?? [])].filter(([, { at }]) => at + 2 * longestWait > now))
  for (const pod of failed) kills.set(nodeOf(pod), { count: (kills.get(nodeOf(pod))?.count ?? 0) + 1, at: now })
  return kills
}

interface Seen {
  readonly result: Spread
  readonly hash: string
  readonly now: number
}

const isAvailable = (owner: DaemonSet, pod: Pod | undefined, now: number): boolean =>
  pod !== undefined && untilAvailable(pod, owner.spec.minReadySeconds ?? 0, now) === 0

/** Outdated pods to end now: those that serve nobody at once, others while enough nodes are served. */
function roll(owner: DaemonSet, { result, hash, now }: Seen): readonly Pod[] {
  if (owner.spec.updateStrategy?.type === 'OnDelete') return []
  const { kept } = result
  const most = Math.max(1, scaled(owner.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, kept.size, Math.ceil))
  const missing = [...kept.values()].filter(pod => !isAvailable(owner, pod, now)).length
  const outdated = [...kept.values()].filter(pod => pod !== undefined && pod.metadata.labels?.[revisionLabel] !== hash)
  const idle = outdated.filter(pod => !isAvailable(owner, pod, now))
  const serving = outdated.filter(pod => isAvailable(owner, pod, now)).slice(0, Math.max(0, most - missing))
  return [...idle, ...serving].filter(pod => pod !== undefined)
}

function statusOf(owner: DaemonSet, { result, hash, now }: Seen): DaemonSetStatus {
  const kept = [...result.kept.values()].filter(pod => pod !== undefined)
  const available = kept.filter(pod => isAvailable(owner, pod, now)).length
  const collisions = owner.status?.collisionCount
  return {
    desiredNumberScheduled: result.kept.size,
    currentNumberScheduled: kept.length,
    numberMisscheduled: result.misscheduled,
    numberReady: kept.filter(isReady).length,
    updatedNumberScheduled: kept.filter(pod => pod.metadata.labels?.[revisionLabel] === hash).length,
    numberAvailable: available,
    numberUnavailable: result.kept.size - available,
    observedGeneration: owner.metadata.generation ?? 0,
    ...(collisions === undefined ? {} : { collisionCount: collisions }),
    ...(owner.status?.conditions === undefined ? {} : { conditions: owner.status.conditions }),
  }
}
