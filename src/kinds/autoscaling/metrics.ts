/** Metrics of autoscaling/v2 and the flat form in which autoscaling/v1 carries them inside annotations. */
import type {
  CrossVersionObjectReference,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '#kinds/facts/generated/types/autoscaling_v2.ts'
import type * as flat from '#kinds/facts/generated/types/autoscaling_v1.ts'

const zero = '0'

/** Drops what is undefined, so that absent stays absent. */
export function compact<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

const reference = ({ kind, name, apiVersion }: CrossVersionObjectReference): CrossVersionObjectReference =>
  compact<CrossVersionObjectReference>({ kind, name, apiVersion })

const value = (current: {
  readonly value?: string | undefined
  readonly averageValue?: string | undefined
  readonly averageUtilization?: number | undefined
}): MetricValueStatus =>
  compact<MetricValueStatus>({ value: undefined, averageValue: undefined, averageUtilization: undefined, ...current })

const averages = (target: MetricTarget) => ({
  targetAverageUtilization: target.averageUtilization,
  targetAverageValue: target.averageValue,
})

export function flattenSpec(metric: MetricSpec): flat.MetricSpec {
  const { type, object, pods, resource, containerResource, external } = metric
  return compact<flat.MetricSpec>({
    type: type as flat.MetricSpec['type'],
    object:
      object &&
      compact<flat.ObjectMetricSource>({
        target: reference(object.describedObject),
        metricName: object.metric.name,
        targetValue: object.target.value ?? zero,
        selector: object.metric.selector,
        averageValue: object.target.averageValue,
      }),
    pods:
      pods &&
      compact<flat.PodsMetricSource>({
        metricName: pods.metric.name,
        targetAverageValue: pods.target.averageValue ?? zero,
        selector: pods.metric.selector,
      }),
    resource: resource && compact<flat.ResourceMetricSource>({ name: resource.name, ...averages(resource.target) }),
    containerResource:
      containerResource &&
      compact<flat.ContainerResourceMetricSource>({
        name: containerResource.name,
        container: containerResource.container,
        ...averages(containerResource.target),
      }),
    external:
      external &&
      compact<flat.ExternalMetricSource>({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  })
}

const identifier = (name: string, selector: flat.ObjectMetricSource['selector']) =>
  compact<NonNullable<MetricSpec['pods']>['metric']>({ name, selector })

const target = (
  type: string,
  fields: { readonly [K in keyof MetricTarget]?: MetricTarget[K] | undefined },
): MetricTarget =>
  compact<MetricTarget>({ type, value: undefined, averageValue: undefined, averageUtilization: undefined, ...fields })

const utilization = (source: flat.ResourceMetricSource): MetricTarget =>
  target(source.targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization', {
    averageValue: source.targetAverageValue,
    averageUtilization: source.targetAverageUtilization,
  })

function objectTarget({ targetValue, averageValue }: flat.ObjectMetricSource): MetricTarget {
  if (averageValue === undefined) return target('Value', { value: targetValue })
  return target('AverageValue', { value: targetValue === zero ? undefined : targetValue, averageValue })
}

export function unflattenSpec(metric: flat.MetricSpec): MetricSpec {
  const { type, object, pods, resource, containerResource, external } = metric
  return compact<MetricSpec>({
    type,
    object: object && {
      describedObject: reference(object.target),
      target: objectTarget(object),
      metric: identifier(object.metricName, object.selector),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      target: target('AverageValue', { averageValue: pods.targetAverageValue }),
    },
    resource: resource && { name: resource.name, target: utilization(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      target: utilization(containerResource),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: target(external.targetValue === undefined ? 'AverageValue' : 'Value', {
        value: external.targetValue,
        averageValue: external.targetAverageValue,
      }),
    },
  })
}

const currents = (current: MetricValueStatus) => ({
  currentAverageUtilization: current.averageUtilization,
  currentAverageValue: current.averageValue ?? zero,
})

export function flattenStatus(metric: MetricStatus): flat.MetricStatus {
  const { type, object, pods, resource, containerResource, external } = metric
  return compact<flat.MetricStatus>({
    type: type as flat.MetricStatus['type'],
    object:
      object &&
      compact<flat.ObjectMetricStatus>({
        target: reference(object.describedObject),
        metricName: object.metric.name,
        currentValue: object.current.value ?? zero,
        selector: object.metric.selector,
        averageValue: object.current.averageValue,
      }),
    pods:
      pods &&
      compact<flat.PodsMetricStatus>({
        metricName: pods.metric.name,
        currentAverageValue: pods.current.averageValue ?? zero,
        selector: pods.metric.selector,
      }),
    resource: resource && compact<flat.ResourceMetricStatus>({ name: resource.name, ...currents(resource.current) }),
    containerResource:
      containerResource &&
      compact<flat.ContainerResourceMetricStatus>({
        name: containerResource.name,
        container: containerResource.container,
        ...currents(containerResource.current),
      }),
    external:
      external &&
      compact<flat.ExternalMetricStatus>({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? zero,
        currentAverageValue: external.current.averageValue,
      }),
  })
}

const measured = (source: flat.ResourceMetricStatus): MetricValueStatus =>
  value({ averageValue: source.currentAverageValue, averageUtilization: source.currentAverageUtilization })

export function unflattenStatus(metric: flat.MetricStatus): MetricStatus {
  const { type, object, pods, resource, containerResource, external } = metric
  return compact<MetricStatus>({
    type,
    object: object && {
      describedObject: reference(object.target),
      current: value({ value: object.currentValue, averageValue: object.averageValue }),
      metric: identifier(object.metricName, object.selector),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      current: value({ averageValue: pods.currentAverageValue }),
    },
    resource: resource && { name: resource.name, current: measured(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      current: measured(containerResource),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      current: value({ value: external.currentValue, averageValue: external.currentAverageValue }),
    },
  })
}
