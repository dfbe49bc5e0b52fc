import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validate } from './validate.ts'
import { defaults } from './defaults.ts'
import { horizontalPodAutoscalers } from '#kinds/facts/generated/refs.ts'
import type {
  HorizontalPodAutoscaler as Object,
  MetricSpec,
  MetricStatus,
} from '#kinds/facts/generated/types/autoscaling_v2.ts'
import { fromV1, toV1 } from './convert.ts'

const unknown = '<unknown>'

/** Value or average per pod, of metrics that are no resource. */
function amount(spec: NonNullable<MetricSpec['external']>, status: MetricStatus['external']): string {
  const { target } = spec
  if (target.averageValue === undefined) return `${status?.current.value ?? unknown}/${target.value ?? '0'}`
  return `${status?.current.averageValue ?? unknown}/${target.averageValue} (avg)`
}

function share(spec: NonNullable<MetricSpec['resource']>, status: MetricStatus['resource']): string {
  const percent = (value: number | undefined, otherwise: string): string =>
    value === undefined ? otherwise : `${value}%`
  const { target } = spec
  if (target.averageValue !== undefined)
    return `${spec.name}: ${status?.current.averageValue ?? unknown}/${target.averageValue}`
  const current = percent(status?.current.averageUtilization, unknown)
  return `${spec.name}: ${current}/${percent(target.averageUtilization, '<auto>')}`
}

function targetText(spec: MetricSpec, status: MetricStatus | undefined): string {
  if (spec.external !== undefined) return amount(spec.external, status?.external)
  if (spec.object !== undefined) return amount(spec.object, status?.object)
  if (spec.resource !== undefined) return share(spec.resource, status?.resource)
  if (spec.containerResource !== undefined) return share(spec.containerResource, status?.containerResource)
  if (spec.pods === undefined) return '<unknown type>'
  return `${status?.pods?.current.averageValue ?? unknown}/${spec.pods.target.averageValue ?? '0'}`
}

function targetsOf({ spec, status }: Object): string {
  const list = (spec.metrics ?? []).map((metric, index) => targetText(metric, status?.currentMetrics?.[index]))
  if (list.length === 0) return '<none>'
  return list.length > 2 ? `${list.slice(0, 2).join(', ')} + ${list.length - 2} more...` : list.join(', ')
}

export const HorizontalPodAutoscaler = defineKind(horizontalPodAutoscalers, {
  shortNames: ['hpa'],
  categories: ['all'],
  status: true,
  unconditionalUpdate: true,
  conversions: { v1: { toHub: fromV1, fromHub: toV1 } },
  defaults,
  validate,
  columns: [
    name,
    text('Reference', ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}`),
    text('Targets', targetsOf),
    text('MinPods', object => String(object.spec.minReplicas ?? '<unset>')),
    text('MaxPods', object => object.spec.maxReplicas),
    text('Replicas', object => object.status?.currentReplicas ?? 0),
    age,
  ],
})
