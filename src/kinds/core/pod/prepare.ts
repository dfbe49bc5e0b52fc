/** What the server sets on pods that are written, and what it keeps. */
import type { Draft } from '#api/metadata.ts'
import type { WriteContext } from '#api/kind.ts'
import { equal } from '#base/equal.ts'
import { each, owned, within } from '../../fill.ts'
import type {
  Affinity,
  Pod,
  PodAffinityTerm,
  PodCondition,
  PodSpec,
  PodStatus,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from '#kinds/facts/generated/types/core_v1.ts'
import { qosClass } from './qos.ts'
import { resized } from './resize.ts'

type Selector = NonNullable<PodAffinityTerm['labelSelector']>
type Labels = Readonly<Record<string, string>>

interface Keys {
  readonly keys: readonly string[] | undefined
  readonly operator: 'In' | 'NotIn'
}

/** The values that the pod's own labels have for these keys become part of the selector. */
function narrowed(selector: Selector, labels: Labels, { keys = [], operator }: Keys): Selector {
  const added = keys
    .filter(key => Object.hasOwn(labels, key))
    .map(key => ({ key, operator, values: [labels[key] ?? ''] }))
  return added.length === 0
    ? selector
    : { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] }
}

const term =
  (labels: Labels) =>
  (one: PodAffinityTerm): PodAffinityTerm =>
    within(one, 'labelSelector', selector =>
      narrowed(narrowed(selector, labels, { keys: one.matchLabelKeys, operator: 'In' }), labels, {
        keys: one.mismatchLabelKeys,
        operator: 'NotIn',
      }),
    )

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

function affinity(one: Affinity, labels: Labels): Affinity {
  const weighted = (each: WeightedPodAffinityTerm): WeightedPodAffinityTerm =>
    within(each, 'podAffinityTerm', term(labels))
  let result = one
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const)
    result = within(result, kind, terms =>
      within(
        within(terms, required, list => each(list, term(labels))),
        preferred,
        list => each(list, weighted),
      ),
    )
  return result
}

const constraint =
  (labels: Labels) =>
  (one: TopologySpreadConstraint): TopologySpreadConstraint =>
    within(one, 'labelSelector', selector => narrowed(selector, labels, { keys: one.matchLabelKeys, operator: 'In' }))

function withLabelKeys(spec: PodSpec, labels: Labels): PodSpec {
  const placed = within(spec, 'affinity', one => affinity(one, labels))
  return within(placed, 'topologySpreadConstraints', list => each(list, constraint(labels)))
}

const gated = (now: string, generation: number | undefined): PodCondition => ({
  type: 'PodScheduled',
  status: 'False',
  lastTransitionTime: now,
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
  ...(generation === undefined ? {} : { observedGeneration: generation }),
})

function born(pod: Draft<Pod>, now: string): void {
  if (pod.spec.affinity !== undefined || pod.spec.topologySpreadConstraints !== undefined)
    pod.spec = owned(withLabelKeys(pod.spec, pod.metadata.labels ?? {}))
  pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) }
  if ((pod.spec.schedulingGates?.length ?? 0) > 0) pod.status.conditions = owned([gated(now, undefined)])
}

/** A writer that does not know of observed generations does not take them away. */
function withGenerations(status: PodStatus, old: PodStatus): PodStatus {
  const known = new Map<string, number[]>()
  for (const { type, observedGeneration } of old.conditions ?? [])
    known.set(type, [...(known.get(type) ?? []), observedGeneration ?? 0])
  const result = within(status, 'conditions', list =>
    each(list, one => {
      const before = known.get(one.type)?.shift() ?? 0
      return one.observedGeneration || before === 0 ? one : { ...one, observedGeneration: before }
    }),
  )
  const { observedGeneration } = old
  return result.observedGeneration || observedGeneration === undefined ? result : { ...result, observedGeneration }
}

function reported(pod: Draft<Pod>, old: Pod): void {
  const before = old.status ?? {}
  const status = withGenerations(pod.status ?? {}, before)
  pod.status = owned(
    status.qosClass || before.qosClass === undefined ? status : { ...status, qosClass: before.qosClass },
  )
}

export function prepare(pod: Draft<Pod>, { old, now, subresource }: WriteContext<Pod>): void {
  if (old === undefined) born(pod, now)
  else if (subresource === 'status') reported(pod, old)
  else if (subresource === 'resize') pod.spec = owned(resized(pod.spec, old.spec))
  else if (subresource === 'ephemeralcontainers') {
    const { ephemeralContainers = [] } = pod.spec
    const wanted = ephemeralContainers.length === 0 ? old.spec : { ...old.spec, ephemeralContainers }
    if (!equal(wanted, pod.spec)) pod.spec = owned(wanted)
  }
}
