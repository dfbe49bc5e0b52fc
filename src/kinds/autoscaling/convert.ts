/**
 * autoscaling/v1 knows one target, CPU utilization; whatever else v2 says travels in annotations, so that a client that
 * reads and writes v1 loses nothing.
 */
import type { Draft, KObject } from '#api/metadata.ts'
import type * as flat from '#kinds/facts/generated/types/autoscaling_v1.ts'
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from '#kinds/facts/generated/types/autoscaling_v2.ts'
import { compact, flattenSpec, flattenStatus, unflattenSpec, unflattenStatus } from './metrics.ts'

const prefix = 'autoscaling.alpha.kubernetes.io'
const carried = {
  metrics: `${prefix}/metrics`,
  current: `${prefix}/current-metrics`,
  conditions: `${prefix}/conditions`,
  behavior: `${prefix}/behavior`,
} as const
const defaultUtilization = 80

const isCpuTarget = (metric: MetricSpec): boolean =>
  metric.type === 'Resource' &&
  metric.resource?.name === 'cpu' &&
  metric.resource.target.averageUtilization !== undefined

const cpuMetric = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

type Status = NonNullable<HorizontalPodAutoscaler['status']>
type Annotations = Readonly<Record<string, string>> | undefined

const without = (annotations: Annotations): [string, string][] => {
  const ours: readonly string[] = Object.values(carried)
  return Object.entries(annotations ?? {}).filter(([key]) => !ours.includes(key))
}

/** Annotations are the user's to write: what is no JSON list or object of ours is left alone. */
function readCarried(annotations: Annotations, key: string): unknown {
  try {
    return JSON.parse(annotations?.[key] ?? 'null')
  } catch {
    return null
  }
}
function readList(annotations: Annotations, key: string): readonly unknown[] | undefined {
  const value = readCarried(annotations, key)
  const fits = Array.isArray(value) && value.every(one => typeof one === 'object' && one !== null && 'type' in one)
  return fits ? value : undefined
}

function withAnnotations(object: KObject, entries: readonly [string, string][]): KObject['metadata'] {
  const { annotations: _, ...rest } = object.metadata
  return entries.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(entries) }
}

function carry({ spec, status, metadata }: HorizontalPodAutoscaler): [string, string][] {
  const others = (spec.metrics ?? []).filter(metric => !isCpuTarget(metric))
  const added: [string, unknown, boolean][] = [
    [carried.metrics, others.map(flattenSpec), others.length > 0],
    [carried.current, (status?.currentMetrics ?? []).map(flattenStatus), (status?.currentMetrics?.length ?? 0) > 0],
    [carried.behavior, spec.behavior, spec.behavior !== undefined],
    [carried.conditions, status?.conditions, (status?.conditions?.length ?? 0) > 0],
  ]
  const texts = added
    .filter(([, , wanted]) => wanted)
    .map(([key, value]): [string, string] => [key, JSON.stringify(value)])
  return [...without(metadata.annotations), ...texts]
}

/** From the hub, v2. */
export function toV1(draft: Draft<KObject>): Draft<KObject> {
  const object = draft as unknown as HorizontalPodAutoscaler
  const { spec, status } = object
  const cpu = status?.currentMetrics?.findLast(
    one =>
      one.type === 'Resource' && one.resource?.name === 'cpu' && one.resource.current.averageUtilization !== undefined,
  )
  const result: flat.HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(object, carry(object)),
    spec: compact<flat.HorizontalPodAutoscalerSpec>({
      scaleTargetRef: spec.scaleTargetRef,
      minReplicas: spec.minReplicas,
      maxReplicas: spec.maxReplicas,
      targetCPUUtilizationPercentage: spec.metrics?.find(isCpuTarget)?.resource?.target.averageUtilization,
    }),
    status: compact<flat.HorizontalPodAutoscalerStatus>({
      observedGeneration: status?.observedGeneration,
      lastScaleTime: status?.lastScaleTime,
      currentReplicas: status?.currentReplicas ?? 0,
      desiredReplicas: status?.desiredReplicas ?? 0,
      currentCPUUtilizationPercentage: cpu?.resource?.current.averageUtilization,
    }),
  }
  return result as unknown as Draft<KObject>
}

function metricsOf({ spec, metadata }: flat.HorizontalPodAutoscaler): readonly MetricSpec[] {
  const kept = readList(metadata.annotations, carried.metrics) as readonly flat.MetricSpec[] | undefined
  const others = (kept ?? []).map(unflattenSpec)
  const target = spec.targetCPUUtilizationPercentage
  const all = target === undefined ? others : [...others, cpuMetric(target)]
  return all.length === 0 ? [cpuMetric(defaultUtilization)] : all
}

function currentOf({ metadata, status }: flat.HorizontalPodAutoscaler): readonly MetricStatus[] | undefined {
  const kept = readList(metadata.annotations, carried.current) as readonly flat.MetricStatus[] | undefined
  if (kept !== undefined) return kept.map(unflattenStatus)
  const averageUtilization = status?.currentCPUUtilizationPercentage
  if (averageUtilization === undefined) return undefined
  return [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } }]
}

/** To the hub, v2. */
export function fromV1(draft: Draft<KObject>): Draft<KObject> {
  const object = draft as unknown as flat.HorizontalPodAutoscaler
  const { spec, status, metadata } = object
  const behavior = readCarried(metadata.annotations, carried.behavior)
  const hasBehavior = typeof behavior === 'object' && behavior !== null && !Array.isArray(behavior)
  const result: HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(object, without(metadata.annotations)),
    spec: compact<HorizontalPodAutoscaler['spec']>({
      scaleTargetRef: spec.scaleTargetRef,
      minReplicas: spec.minReplicas,
      maxReplicas: spec.maxReplicas,
      metrics: metricsOf(object),
      behavior: hasBehavior ? behavior : undefined,
    }),
    status: compact<Status>({
      observedGeneration: status?.observedGeneration,
      lastScaleTime: status?.lastScaleTime,
      currentReplicas: status?.currentReplicas,
      desiredReplicas: status?.desiredReplicas ?? 0,
      currentMetrics: currentOf(object),
      conditions: readList(metadata.annotations, carried.conditions) as Status['conditions'],
    }),
  }
  return result as unknown as Draft<KObject>
}
