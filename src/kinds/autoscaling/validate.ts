import type { WriteContext } from '#api/kind.ts'
import { dns1123Label, pathSegment } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  MetricSpec,
  MetricTarget,
} from '#kinds/facts/generated/types/autoscaling_v2.ts'
import { checkContainerResource } from '../core/pod/validate/resources.ts'
import { isNegative, quantity } from '../core/quantities.ts'
import { Place } from '../place.ts'

const longestPeriod = 1800
const longestWindow = 3600
const selections = ['Disabled', 'Max', 'Min']
const changes = ['Percent', 'Pods']

function checkReference(place: Place, ref: CrossVersionObjectReference, grouped: boolean): void {
  const { kind, name, apiVersion = '' } = ref
  place.at('kind').named(kind, pathSegment)
  place.at('name').named(name, pathSegment)
  const parts = apiVersion.split('/')
  if (parts.length > 2) place.at('apiVersion').invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`)
  else if (grouped && parts.length < 2) place.at('apiVersion').invalid(apiVersion, 'apiVersion must specify API group')
}

const targets = ['Utilization', 'Value', 'AverageValue']

function checkTarget(place: Place, target: MetricTarget): void {
  const { type, averageUtilization } = target
  if (!type) place.at('type').required('must specify a metric target type')
  if (!targets.includes(type)) place.at('type').invalid(type, 'must be either Utilization, Value, or AverageValue')
  for (const name of ['value', 'averageValue'] as const) {
    const amount = target[name]
    if (amount !== undefined && (quantity(amount)?.nanos ?? 1n) <= 0n)
      place.at(name).invalid(amount, 'must be positive')
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    place.at('averageUtilization').invalid(averageUtilization, 'must be greater than 0')
}

function checkMetricName(place: Place, name: string | undefined): void {
  if (!name) place.required('must specify a metric name')
  else place.format(name, pathSegment)
}

function checkUse(place: Place, target: MetricTarget): void {
  checkTarget(place, target)
  const { averageUtilization, averageValue } = target
  if (averageUtilization === undefined && averageValue === undefined)
    place.at('averageUtilization').required('must set either a target raw value or a target utilization')
  if (averageUtilization !== undefined && averageValue !== undefined)
    place.at('averageValue').forbidden('may not set both a target raw value and a target utilization')
}

const either = 'must set either a target value for metric or a per-pod target'
const notBoth = 'may not set both a target value for metric and a per-pod target'
const noResource = 'must specify a resource name'

type Checks = { readonly [K in Source]: (place: Place, source: NonNullable<MetricSpec[K]>) => void }
type Source = 'object' | 'external' | 'pods' | 'resource' | 'containerResource'

const checks: Checks = {
  object: (place, { describedObject, metric, target }) => {
    checkReference(place.at('describedObject'), describedObject, false)
    checkMetricName(place.at('metric.name'), metric.name)
    checkTarget(place.at('target'), target)
    if (target.value === undefined && target.averageValue === undefined)
      place.at('target.averageValue').required('must set either a target value or averageValue')
  },
  external: (place, { metric, target }) => {
    checkMetricName(place.at('metric.name'), metric.name)
    checkTarget(place.at('target'), target)
    const { value, averageValue } = target
    if (value === undefined && averageValue === undefined) place.at('target.averageValue').required(either)
    if (value !== undefined && averageValue !== undefined) place.at('target.value').forbidden(notBoth)
  },
  pods: (place, { metric, target }) => {
    checkMetricName(place.at('metric.name'), metric.name)
    checkTarget(place.at('target'), target)
    if (target.averageValue === undefined)
      place.at('target.averageValue').required('must specify a positive target averageValue')
  },
  resource: (place, { name, target }) => {
    if (!name) place.at('name').required(noResource)
    checkUse(place.at('target'), target)
  },
  containerResource: (place, { name, container, target }) => {
    if (!name) place.at('name').required(noResource)
    else checkContainerResource(place.at('name'), name)
    if (!container) place.at('container').required('must specify a container')
    else place.at('container').format(container, dns1123Label)
    checkUse(place.at('target'), target)
  },
}
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const
const fieldOf: ReadonlyMap<string, Source> = new Map(
  sources.map(name => [name[0]?.toUpperCase() + name.slice(1), name]),
)
const metricTypes = [...fieldOf.keys()].sort()

type AnyCheck = (place: Place, source: unknown) => void

function checkMetric(place: Place, metric: MetricSpec): void {
  const expected = fieldOf.get(metric.type)
  if (!metric.type) place.at('type').required('must specify a metric source type')
  if (expected === undefined) place.at('type').unsupported(metric.type, metricTypes)
  const given = sources.filter(name => metric[name] !== undefined)
  const [first] = given
  if (first !== undefined) (checks[first] as AnyCheck)(place.at(first), metric[first])
  if (expected === undefined) place.at('type').unsupported(metric.type, metricTypes)
  else if (metric[expected] === undefined)
    place.at(expected).required('must populate information for the given metric source')
  if (given.length > 1)
    for (const name of given)
      if (name !== expected) place.at(name).forbidden('must populate the given metric source only')
}

function checkWindow(place: Place, seconds: number | undefined): void {
  if (seconds === undefined) return
  if (seconds < 0) place.invalid(seconds, 'must be greater than or equal to zero')
  if (seconds > longestWindow) place.invalid(seconds, `must be less than or equal to ${longestWindow}`)
}

function checkRules(place: Place, rules: HPAScalingRules | undefined): void {
  if (rules === undefined) return
  const { selectPolicy, policies = [], tolerance } = rules
  checkWindow(place.at('stabilizationWindowSeconds'), rules.stabilizationWindowSeconds)
  if (selectPolicy !== undefined && !selections.includes(selectPolicy))
    place.at('selectPolicy').unsupported(selectPolicy, selections)
  if (policies.length === 0) place.at('policies').required('must specify at least one Policy')
  place.at('policies').each(policies, ({ type, value, periodSeconds }, at) => {
    if (!changes.includes(type)) at.at('type').unsupported(type, changes)
    if (value <= 0) at.at('value').invalid(value, 'must be greater than zero')
    if (periodSeconds <= 0) at.at('periodSeconds').invalid(periodSeconds, 'must be greater than zero')
    if (periodSeconds > longestPeriod)
      at.at('periodSeconds').invalid(periodSeconds, `must be less than or equal to ${longestPeriod}`)
  })
  if (tolerance !== undefined && isNegative(tolerance))
    place.at('tolerance').invalid(tolerance, 'must be greater than or equal to 0')
}

function checkReplicas(place: Place, { minReplicas, maxReplicas }: HorizontalPodAutoscalerSpec): void {
  if (minReplicas !== undefined && minReplicas < 1)
    place.at('minReplicas').invalid(minReplicas, 'must be greater than or equal to 1')
  const most = place.at('maxReplicas')
  if (!maxReplicas) most.required('must be set and greater than 0')
  else if (maxReplicas < 0) most.invalid(maxReplicas, 'must be greater than or equal to 1')
  if (minReplicas !== undefined && (maxReplicas ?? 0) < minReplicas)
    most.invalid(maxReplicas ?? 0, 'must be greater than or equal to `minReplicas`')
}

type Autoscaler = HorizontalPodAutoscaler

export function validate(object: Autoscaler, { old, subresource }: WriteContext<Autoscaler>): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') {
    for (const name of ['currentReplicas', 'desiredReplicas'] as const)
      root.at('status').at(name).nonNegative(object.status?.[name])
    return root.errors
  }
  const { spec } = object
  const place = root.at('spec')
  checkReplicas(place, spec)
  const known = old?.spec.scaleTargetRef.apiVersion
  const grouped = old === undefined || (known ?? '').includes('/')
  checkReference(place.at('scaleTargetRef'), spec.scaleTargetRef ?? { kind: '', name: '' }, grouped)
  place.at('metrics').each(spec.metrics, (metric, at) => checkMetric(at, metric))
  checkRules(place.at('behavior.scaleUp'), spec.behavior?.scaleUp)
  checkRules(place.at('behavior.scaleDown'), spec.behavior?.scaleDown)
  return root.errors
}
