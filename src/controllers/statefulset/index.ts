/** StatefulSets: pods with a name of their own, started, replaced and ended in order. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '#kinds/facts/generated/refs.ts'
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '#kinds/facts/generated/types/apps_v1.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { KObject } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { type Selector, fromLabelSelector } from '#api/selector.ts'
import { type Controller, type Decision, type Group, type Input, nothing, selfKey } from '#client/controller.ts'
import { sameStatus } from '../equal.ts'
import { type History, forget, historyOf, revisionLabel } from '../history.ts'
import { claim, controlledBy, controllerIndex, orphansIn, ownerKeys } from '../owners.ts'
import { isDeleting, untilAvailable } from '../pods.ts'
import { podWriter, reading, rule } from '../rules.ts'
import { updateStatus } from '../writes.ts'
import { firstOrdinal, isAvailable, isHealthy, isRunning, ordinalOf, podFor, sizeOf, start, stop } from './pods.ts'

const isStatefulSet = (object: KObject): object is StatefulSet => object.kind === 'StatefulSet'
const selectorOf = (object: KObject): Selector | undefined => {
  const selector = isStatefulSet(object) ? fromLabelSelector(object.spec.selector) : undefined
  return selector?.length === 0 ? undefined : selector
}

export const statefulSet: Controller = {
  name: 'statefulset-controller',
  watches: [
    { ref: statefulSets, keys: selfKey },
    { ref: pods, keys: ownerKeys(statefulSets, selectorOf) },
    { ref: controllerRevisions, keys: ownerKeys(statefulSets, () => undefined) },
  ],
  reads: [persistentVolumeClaims],
  indexes: [controllerIndex(pods), controllerIndex(controllerRevisions)],
  rules: [
    rule('apps', ['statefulsets'], reading),
    rule('apps', ['statefulsets/status', 'statefulsets/finalizers'], ['update']),
    rule('apps', ['controllerrevisions'], ['create', 'delete', 'patch', 'update', ...reading]),
    rule('', ['persistentvolumeclaims'], ['create', 'delete', 'update', ...reading]),
    ...podWriter,
  ],
  decide,
}

interface Rollout {
  readonly set: StatefulSet
  /** Revision of the present template, and the one that pods below the partition keep. */
  readonly update: ControllerRevision
  readonly current: ControllerRevision
  /** By ordinal, those that should be. */
  readonly wanted: ReadonlyMap<number, Pod | undefined>
  /** Highest ordinal first. */
  readonly excess: readonly Pod[]
  readonly read: Reader
  readonly now: number
}

const revisionOf = (pod: Pod): string => pod.metadata.labels?.[revisionLabel] ?? ''

function decide(key: string, input: Input<unknown>): Decision {
  const { read, asked, now } = input
  const set = read.get(statefulSets, key)
  const selector = set === undefined ? undefined : selectorOf(set)
  if (set === undefined || selector === undefined) return nothing
  const what = {
    ref: pods,
    ownerRef: statefulSets,
    owner: set,
    selector,
    fits: (pod: Pod) => ordinalOf(set, pod) !== undefined,
  }
  const candidates = [...controlledBy(read, pods, set), ...orphansIn(read, pods, set.metadata.namespace ?? '')]
  const { claimed, writes: claims, ask } = claim(what, candidates, asked)
  if (ask.length > 0) return { writes: [], ask }
  const history = historyOf(read, statefulSets, set)
  const rollout = sort(set, { history, claimed, read, now })
  const deleting = set.metadata.deletionTimestamp !== undefined
  const steps = deleting ? [] : advance(rollout)
  const status = statusOf(rollout, claimed)
  const report = sameStatus(status, set.status) ? [] : [updateStatus(statefulSets, { ...set, status })]
  const inUse = new Set([...claimed.map(revisionOf), rollout.current.metadata.name ?? ''])
  const groups = [
    claims,
    ...(deleting ? [] : [history.writes]),
    ...steps,
    report,
    deleting ? [] : forget(set, history, inUse),
  ]
  const waits = claimed.map(pod => untilAvailable(pod, set.spec.minReadySeconds ?? 0, now)).filter(wait => wait > 0)
  const again = Math.min(...waits)
  return { writes: groups.filter(group => group.length > 0), ...(Number.isFinite(again) ? { again } : {}) }
}

interface Found {
  readonly history: History
  readonly claimed: readonly Pod[]
  readonly read: Reader
  readonly now: number
}

function sort(set: StatefulSet, { history, claimed, read, now }: Found): Rollout {
  const wanted = new Map<number, Pod | undefined>()
  for (let ordinal = firstOrdinal(set); ordinal < firstOrdinal(set) + sizeOf(set); ordinal++)
    wanted.set(ordinal, undefined)
  const excess: Pod[] = []
  for (const pod of claimed) {
    const ordinal = ordinalOf(set, pod) ?? -1
    if (wanted.has(ordinal)) wanted.set(ordinal, pod)
    else excess.push(pod)
  }
  excess.sort((a, b) => (ordinalOf(set, b) ?? 0) - (ordinalOf(set, a) ?? 0))
  const update = history.current
  const current = history.all.find(one => one.metadata.name === set.status?.currentRevision) ?? update
  return { set, update, current, wanted, excess, read, now }
}

const partitionOf = (set: StatefulSet): number => set.spec.updateStrategy?.rollingUpdate?.partition ?? 0

/** New pods below the partition, or of the part not yet reached by the update, are of the current revision. */
function revisionFor({ set, current, update }: Rollout, ordinal: number): ControllerRevision {
  const rolling = set.spec.updateStrategy?.type !== 'OnDelete'
  const place = ordinal - firstOrdinal(set)
  if (!rolling) return place < (set.status?.currentReplicas ?? 0) ? current : update
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition
  const keeps = place < (partition ?? set.status?.currentReplicas ?? 0)
  return keeps ? current : update
}

/** What is to be done now. One step at a time in order, or all at once when the policy is Parallel. */
function advance(rollout: Rollout): readonly Group[] {
  const { set, wanted, excess, read, now } = rollout
  const ordered = set.spec.podManagementPolicy !== 'Parallel'
  const groups: Group[] = []
  for (const [ordinal, pod] of wanted) {
    if (pod === undefined) groups.push(...start(read, set, podFor(set, revisionFor(rollout, ordinal), ordinal)))
    else if (isTerminal(pod) && !isDeleting(pod)) groups.push([stop(set, pod)])
    else if (!ordered || isAvailable(set, pod, now)) continue
    if (ordered) return groups
  }
  const unhealthy = [...wanted.values(), ...excess].filter(pod => pod !== undefined && !isHealthy(pod))
  for (const pod of excess) {
    if (isDeleting(pod)) {
      if (ordered) return groups
      continue
    }
    // A pod that is healthy is not ended while another one of the set is not.
    if (ordered && unhealthy.length > 0 && isHealthy(pod)) return groups
    groups.push([stop(set, pod)])
    if (ordered) return groups
  }
  return groups.length > 0 ? groups : replace(rollout)
}

/** Takes outdated pods down from the highest ordinal, each when those above are well again. */
function replace({ set, update, wanted, now }: Rollout): readonly Group[] {
  if (set.spec.updateStrategy?.type === 'OnDelete') return []
  const name = update.metadata.name ?? ''
  for (const [ordinal, pod] of [...wanted].reverse()) {
    if (ordinal < partitionOf(set) || pod === undefined) return []
    if (revisionOf(pod) !== name && !isDeleting(pod)) return [[stop(set, pod)]]
    if (!isAvailable(set, pod, now)) return []
  }
  return []
}

function statusOf({ set, update, current, wanted, now }: Rollout, claimed: readonly Pod[]): StatefulSetStatus {
  const name = (revision: ControllerRevision): string => revision.metadata.name ?? ''
  const alive = claimed.filter(pod => !isDeleting(pod) && !isTerminal(pod))
  const of = (revision: ControllerRevision): number => alive.filter(pod => revisionOf(pod) === name(revision)).length
  const updated = of(update)
  const ready = claimed.filter(pod => isRunning(pod)).length
  const complete =
    name(current) !== name(update) &&
    updated === wanted.size &&
    claimed.length === wanted.size &&
    [...wanted.values()].every(pod => isHealthy(pod))
  const { collisionCount, conditions } = set.status ?? {}
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: claimed.length,
    readyReplicas: ready,
    availableReplicas: claimed.filter(pod => isAvailable(set, pod, now)).length,
    currentReplicas: complete ? updated : of(current),
    updatedReplicas: updated,
    currentRevision: complete ? name(update) : name(current),
    updateRevision: name(update),
    collisionCount: collisionCount ?? 0,
    ...(conditions === undefined ? {} : { conditions }),
  }
}
