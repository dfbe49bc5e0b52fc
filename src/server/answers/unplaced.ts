/**
 * Pods that are on no node, as decisions. Nothing is kept of them: the number is the beginning of the pod's uid, what the
 * scheduler said stands in the pod's condition, and what keeps it from each node is found out when somebody asks.
 */
import { Breaks, pause } from '#base/breaks.ts'
import type { KObject } from '#api/metadata.ts'
import { type Bulwark, type Placement, bulwarkGroup, decisionOfPod, decisions } from '#kinds/facts/bulwark.ts'
import type { Node, Pod, PodCondition } from '#kinds/facts/generated/types/core_v1.ts'
import type { Store } from '#server/store/contract.ts'

type Decision = Bulwark['Decision']
type Status = NonNullable<Decision['status']>

/** The scheduler's own rules, asked about a pod. */
export type Placing = (
  pod: Pod,
  world: { readonly nodes: Iterable<Node>; readonly pods: Iterable<Pod>; readonly namespaces: Iterable<KObject> },
) => Promise<Placement>

export interface Unplaced {
  /** Also of a pod that is on a node by now. */
  get(id: string): Promise<Decision | undefined>
  /** Those that were refused, without what keeps them from each node: that is found out for one at a time. */
  all(): AsyncIterable<Decision>
}

const isPod = (object: KObject): object is Pod => object.kind === 'Pod'
const isNode = (object: KObject): object is Node => object.kind === 'Node'

function* podsIn(store: Store): Generator<Pod> {
  for (const { object } of store.snapshot('pods').range()) if (isPod(object)) yield object
}
function* nodesIn(store: Store): Generator<Node> {
  for (const { object } of store.snapshot('nodes').range()) if (isNode(object)) yield object
}
function* namespacesIn(store: Store): Generator<KObject> {
  for (const { object } of store.snapshot('namespaces').range()) yield object
}

const scheduled = ({ status }: Pod): PodCondition | undefined =>
  status?.conditions?.find(one => one.type === 'PodScheduled')

const nodeOf = ({ spec }: Pod): string => spec.nodeName ?? ''

function decisionAbout(pod: Pod, said: PodCondition | undefined, status: Status): Decision {
  const { uid = '', namespace = '', name = '', creationTimestamp = '' } = pod.metadata
  return {
    apiVersion: `${bulwarkGroup}/${decisions.version}`,
    kind: decisions.kind,
    metadata: { name: decisionOfPod(uid), creationTimestamp: said?.lastTransitionTime ?? creationTimestamp },
    spec: {
      username: pod.spec.schedulerName ?? 'default-scheduler',
      groups: [],
      verb: 'create',
      group: '',
      version: 'v1',
      resource: 'pods',
      subresource: 'binding',
      namespace,
      name,
    },
    status,
  }
}

/** Pods between breaks. */
const turn = 500

const by = 'scheduling'
const said = ({ reason = '', message = '' }: PodCondition): Pick<Status, 'reason' | 'message' | 'by'> => ({
  reason,
  message,
  by,
})

/** Of a pod whose turn has not come: no node was looked at. */
function gated({ spec: { schedulingGates = [] } }: Pod): Partial<Status> {
  const names = schedulingGates.map(one => one.name)
  return {
    by: 'SchedulingGates',
    line: `spec.schedulingGates: ${names.join(', ')}`,
    fix: `take ${names.length === 1 ? 'the gate' : 'the gates'} away: whoever set ${names.length === 1 ? 'it' : 'them'} does, when the pod may go`,
  }
}

function explained({ fits, closest, nodes, leftOff }: Placement): Partial<Status> {
  const fix =
    fits !== undefined
      ? `it fits on ${fits} now: the scheduler looks again when something changes, at the latest after five minutes`
      : closest === undefined
        ? 'add a node'
        : `on ${closest.node}: ${closest.fix}`
  return {
    fix,
    allowedNow: fits !== undefined,
    ...(nodes.length === 0 ? {} : { nodes }),
    ...(leftOff === 0 ? {} : { nodesLeftOff: leftOff }),
  }
}

const idShape = /^[0-9a-f]{12}$/

async function podOf(store: Store, id: string): Promise<Pod | undefined> {
  if (!idShape.test(id)) return undefined
  const breaks = new Breaks(pause, turn)
  for (const pod of podsIn(store)) {
    if (decisionOfPod(pod.metadata.uid ?? '') === id) return pod
    const wait = breaks.after(1)
    if (wait !== undefined) await wait
  }
  return undefined
}

export function unplacedIn(store: Store, placing: Placing): Unplaced {
  return {
    get: async id => {
      const pod = await podOf(store, id)
      if (pod === undefined) return undefined
      const condition = scheduled(pod)
      if (nodeOf(pod) !== '')
        return decisionAbout(pod, condition, {
          reason: 'Scheduled',
          message: `the pod is on node ${nodeOf(pod)}`,
          by,
          allowedNow: true,
        })
      if (condition?.status !== 'False') return undefined
      if ((pod.spec.schedulingGates ?? []).length > 0)
        return decisionAbout(pod, condition, { ...said(condition), ...gated(pod) })
      const world = { nodes: nodesIn(store), pods: podsIn(store), namespaces: namespacesIn(store) }
      return decisionAbout(pod, condition, { ...said(condition), ...explained(await placing(pod, world)) })
    },
    all: async function* () {
      const breaks = new Breaks(pause, turn)
      for (const pod of podsIn(store)) {
        const wait = breaks.after(1)
        if (wait !== undefined) await wait
        const condition = scheduled(pod)
        if (condition?.status === 'False' && nodeOf(pod) === '') yield decisionAbout(pod, condition, said(condition))
      }
    },
  }
}
