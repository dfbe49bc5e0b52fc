import type { Draft } from '#api/metadata.ts'
import { fill, owned, within } from '../fill.ts'
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  MetricSpec,
} from '#kinds/facts/generated/types/autoscaling_v2.ts'

type Status = NonNullable<HorizontalPodAutoscaler['status']>

const ofSpec: Partial<HorizontalPodAutoscalerSpec> = { minReplicas: 1 }
const cpu: readonly MetricSpec[] = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
]
const doubled = { type: 'Percent', value: 100, periodSeconds: 15 } as const
const up: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, doubled],
}
/** How long it looks back when it goes down is the controller's to say. */
const down: HPAScalingRules = { selectPolicy: 'Max', policies: [doubled] }

const behavior = (given: HorizontalPodAutoscalerBehavior): HorizontalPodAutoscalerBehavior => ({
  ...given,
  scaleUp: fill(given.scaleUp ?? up, up),
  scaleDown: fill(given.scaleDown ?? down, down),
})

export function defaults(object: Draft<HorizontalPodAutoscaler>): void {
  const spec = within(fill<HorizontalPodAutoscalerSpec>(object.spec ?? {}, ofSpec), 'behavior', behavior)
  object.spec = owned((spec.metrics?.length ?? 0) === 0 ? { ...spec, metrics: cpu } : spec)
  const none: Status = { currentMetrics: [], desiredReplicas: 0 }
  object.status = owned(fill<Status>(object.status ?? none, none))
}
