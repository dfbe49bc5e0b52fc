/** Brings changes of nodes, pods and namespaces into the snapshot and the queue. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { namespaces, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { KObject } from '#api/metadata.ts'
import type { Change, Reader } from '#api/reader.ts'
import { same } from '#controllers/equal.ts'
import type { Wake } from './plugin.ts'
import type { SchedulingQueue } from './queue.ts'
import { type Cluster, podInfo } from './snapshot.ts'

export interface Followed {
  readonly cluster: Cluster
  readonly queue: SchedulingQueue
  /** Name of the scheduler whose pods are queued. */
  readonly scheduler: string
}

const isNode = (object: KObject): object is Node => object.kind === 'Node'
const isPod = (object: KObject): object is Pod => object.kind === 'Pod'

/** The results end it. */
export function follow(reader: Reader, followed: Followed): readonly (() => void)[] {
  const batch =
    (one: (change: Change, followed: Followed) => Wake | undefined) =>
    (changes: readonly Change[]): void => {
      const wakes = new Set<Wake>()
      for (const change of changes) {
        const wake = one(change, followed)
        if (wake !== undefined) wakes.add(wake)
      }
      if (wakes.size > 0) followed.queue.wake(wakes)
    }
  return [
    reader.subscribe(namespaces, batch(namespaceChanged)),
    reader.subscribe(nodes, batch(nodeChanged)),
    reader.subscribe(pods, batch(podChanged)),
  ]
}

function namespaceChanged({ type, key, object }: Change, { cluster }: Followed): Wake | undefined {
  if (type === 'delete') cluster.removeNamespace(key)
  else cluster.setNamespace(key, object.metadata.labels)
  return 'namespace'
}

/** What of a node placement looks at: heartbeats wake nobody. */
const relevant = (node: Node): unknown => [
  node.metadata.labels,
  node.spec.taints,
  node.spec.unschedulable ?? false,
  { allocatable: node.status?.allocatable },
  node.status?.images,
]

function nodeChanged({ type, key, object, previous }: Change, { cluster }: Followed): Wake | undefined {
  if (!isNode(object)) return undefined
  if (type === 'delete') {
    cluster.removeNode(key)
    return undefined
  }
  const unchanged = previous !== undefined && isNode(previous) && same(relevant(previous), relevant(object))
  cluster.setNode(object)
  return unchanged ? undefined : 'node'
}

const assigned = (pod: Pod): string => pod.spec.nodeName ?? ''

function podChanged(change: Change, { cluster, queue, scheduler }: Followed): Wake | undefined {
  const { type, key, object, previous } = change
  if (!isPod(object)) return undefined
  const before = previous !== undefined && isPod(previous) ? previous : undefined
  if (type === 'delete' || isTerminal(object)) {
    queue.remove(key)
    const info = cluster.removePod(key)
    if (info !== undefined) cluster.nominate(info, undefined)
    return info === undefined ? undefined : 'pod gone'
  }
  if (assigned(object) !== '') {
    queue.remove(key)
    cluster.setPod(podInfo(object), assigned(object))
    if (before === undefined || assigned(before) === '') return 'pod placed'
    return same(before.metadata.labels, object.metadata.labels) ? undefined : 'pod labels'
  }
  const ours = (object.spec.schedulerName ?? 'default-scheduler') === scheduler
  // An assumed pod's own changes do not take it back: its binding is under way.
  if (!ours || object.metadata.deletionTimestamp !== undefined) queue.remove(key)
  else if (cluster.nodeOf(key) === undefined) {
    const meant =
      before === undefined || !same([before.spec, before.metadata.labels], [object.spec, object.metadata.labels])
    if (meant) queue.put(podInfo(object))
    else queue.refresh(podInfo(object))
  }
  return undefined
}
