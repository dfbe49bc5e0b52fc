/** Checks of Deployments, ReplicaSets, DaemonSets and StatefulSets. */
import { equal } from '#base/equal.ts'
import { dns1123Label } from '#api/names.ts'
import type { WriteContext } from '#api/kind.ts'
import type { FieldError } from '#api/validation.ts'
import type {
  ControllerRevision,
  DaemonSet,
  DaemonSetSpec,
  Deployment,
  DeploymentSpec,
  ReplicaSet,
  StatefulSet,
  StatefulSetSpec,
} from '#kinds/facts/generated/types/apps_v1.ts'
import { checkClaimSpec } from '../core/claimChecks.ts'
import { checkTemplate } from '../core/pod/validate/template.ts'
import { without } from '../fill.ts'
import { Place } from '../place.ts'
import {
  checkAmountOrShare,
  checkCollisions,
  checkCounts,
  checkFixed,
  checkForever,
  checkLastingTemplate,
  checkNotMoreThanAll,
  checkSelection,
  shareOf,
} from './checks.ts'

function checkRollout(place: Place, rolling: NonNullable<DeploymentSpec['strategy']>['rollingUpdate']): void {
  const { maxUnavailable, maxSurge } = rolling ?? {}
  const at = place.at('maxUnavailable')
  checkAmountOrShare(at, maxUnavailable)
  checkAmountOrShare(place.at('maxSurge'), maxSurge)
  if (shareOf(maxUnavailable) === 0 && shareOf(maxSurge) === 0)
    at.invalid(maxUnavailable, 'may not be 0 when `maxSurge` is 0')
  checkNotMoreThanAll(at, maxUnavailable)
}

const deploymentTypes = ['Recreate', 'RollingUpdate']

function checkStrategy(place: Place, strategy: DeploymentSpec['strategy'] = {}): void {
  const { type, rollingUpdate } = strategy
  if (type === 'RollingUpdate') checkRollout(place.at('rollingUpdate'), rollingUpdate)
  else if (type !== 'Recreate') place.unsupported(strategy, deploymentTypes)
  else if (rollingUpdate !== undefined)
    place.at('rollingUpdate').forbidden("may not be specified when strategy `type` is 'Recreate'")
}

function checkDeployment(place: Place, spec: DeploymentSpec): void {
  place.at('replicas').nonNegative(spec.replicas)
  checkSelection(place, spec, 'deployment')
  checkLastingTemplate(place.at('template'), spec.template, 'ReplicaSet')
  checkStrategy(place.at('strategy'), spec.strategy)
  const { minReadySeconds = 0, progressDeadlineSeconds: deadline } = spec
  place.at('minReadySeconds').nonNegative(minReadySeconds)
  place.at('revisionHistoryLimit').nonNegative(spec.revisionHistoryLimit)
  if (deadline === undefined) return
  place.at('progressDeadlineSeconds').nonNegative(deadline)
  if (deadline <= minReadySeconds)
    place.at('progressDeadlineSeconds').invalid(deadline, 'must be greater than minReadySeconds')
}

export function validateDeployment(object: Deployment, context: WriteContext<Deployment>): readonly FieldError[] {
  const { old, subresource } = context
  const root = new Place('')
  if (subresource === 'status') {
    const { conditions: _, ...counts } = object.status ?? {}
    checkCounts(root.at('status'), counts, ['updatedReplicas', 'readyReplicas', 'availableReplicas'])
    checkCollisions(root.at('status'), object.status?.collisionCount, old?.status?.collisionCount)
    return root.errors
  }
  const place = root.at('spec')
  checkDeployment(place, object.spec)
  if (old !== undefined) checkFixed(place.at('selector'), object.spec.selector, old.spec.selector)
  return root.errors
}

export function validateReplicaSet(object: ReplicaSet, context: WriteContext<ReplicaSet>): readonly FieldError[] {
  const { old, subresource } = context
  const root = new Place('')
  if (subresource === 'status') {
    const { conditions: _, ...counts } = object.status ?? { replicas: 0 }
    checkCounts(root.at('status'), counts, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'])
    return root.errors
  }
  const place = root.at('spec')
  const { replicas, minReadySeconds, selector, template } = object.spec
  place.at('replicas').nonNegative(replicas)
  place.at('minReadySeconds').nonNegative(minReadySeconds)
  checkSelection(place, { selector, template }, 'deployment')
  checkLastingTemplate(place.at('template'), template, 'ReplicaSet')
  if (old !== undefined) checkFixed(place.at('selector'), selector, old.spec.selector)
  return root.errors
}

const daemonTypes = ['RollingUpdate', 'OnDelete']

function checkDaemonStrategy(place: Place, strategy: DaemonSetSpec['updateStrategy'] = {}): void {
  if (strategy.type === 'OnDelete') return undefined
  if (strategy.type !== 'RollingUpdate') return place.unsupported(strategy, daemonTypes)
  const rolling = place.at('rollingUpdate')
  if (strategy.rollingUpdate === undefined) return rolling.required()
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate
  for (const [name, amount] of [
    ['maxUnavailable', maxUnavailable],
    ['maxSurge', maxSurge],
  ] as const) {
    checkAmountOrShare(rolling.at(name), amount)
    checkNotMoreThanAll(rolling.at(name), amount)
  }
  const [unavailable, surge] = [shareOf(maxUnavailable) !== 0, shareOf(maxSurge) !== 0]
  if (unavailable && surge) rolling.at('maxSurge').invalid(maxSurge, 'may not be set when maxUnavailable is non-zero')
  if (!unavailable && !surge) rolling.at('maxUnavailable').required('cannot be 0 when maxSurge is 0')
  return undefined
}

export function validateDaemonSet(object: DaemonSet, context: WriteContext<DaemonSet>): readonly FieldError[] {
  const { old, subresource } = context
  const root = new Place('')
  if (subresource === 'status') {
    const { conditions: _, ...counts } = object.status ?? {}
    for (const [name, count] of Object.entries(counts)) root.at('status').at(name).nonNegative(count)
    checkCollisions(root.at('status'), object.status?.collisionCount, old?.status?.collisionCount)
    return root.errors
  }
  const { spec } = object
  const place = root.at('spec')
  if (old !== undefined) checkFixed(place.at('selector'), spec.selector, old.spec.selector)
  checkSelection(place, spec, 'daemonset')
  checkLastingTemplate(place.at('template'), spec.template, 'DaemonSet')
  place.at('minReadySeconds').nonNegative(spec.minReadySeconds)
  checkDaemonStrategy(place.at('updateStrategy'), spec.updateStrategy)
  place.at('revisionHistoryLimit').nonNegative(spec.revisionHistoryLimit)
  return root.errors
}

const managements = ['OrderedReady', 'Parallel']
const retentions = ['Retain', 'Delete']

function checkStatefulStrategy(place: Place, strategy: StatefulSetSpec['updateStrategy'] = {}): void {
  const { type, rollingUpdate } = strategy
  const at = place.at('rollingUpdate')
  if (!type) return place.required()
  if (type === 'OnDelete') {
    if (rollingUpdate !== undefined) at.invalid(rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")
  } else if (type !== 'RollingUpdate') place.invalid(strategy, "must be 'RollingUpdate' or 'OnDelete'")
  else if (rollingUpdate !== undefined) {
    at.at('partition').nonNegative(rollingUpdate.partition)
    const { maxUnavailable } = rollingUpdate
    if (maxUnavailable === undefined) return undefined
    checkAmountOrShare(at.at('maxUnavailable'), maxUnavailable)
    if (shareOf(maxUnavailable) === 0) at.at('maxUnavailable').invalid(maxUnavailable, 'cannot be 0')
    checkNotMoreThanAll(at.at('maxUnavailable'), maxUnavailable)
  }
  return undefined
}

/** The template as its pods will have it: with a volume for every claim, without the names that the set gives. */
function podTemplateOf(spec: StatefulSetSpec): StatefulSetSpec['template'] {
  const claims = (spec.volumeClaimTemplates ?? []).map(one => one.metadata?.name ?? '')
  const inner = without(spec.template.spec, 'subdomain', 'hostname')
  if (claims.length === 0) return { ...spec.template, spec: inner }
  const own = (inner.volumes ?? []).filter(volume => !claims.includes(volume.name))
  const volumes = [...claims.map(name => ({ name, persistentVolumeClaim: { claimName: name } })), ...own]
  return { ...spec.template, spec: { ...inner, volumes } }
}

function checkStatefulSet(place: Place, spec: StatefulSetSpec, isNew: boolean): void {
  const { podManagementPolicy: management, persistentVolumeClaimRetentionPolicy: retention } = spec
  if (!management) place.at('podManagementPolicy').required()
  else if (!managements.includes(management))
    place.at('podManagementPolicy').invalid(management, "must be 'OrderedReady' or 'Parallel'")
  checkStatefulStrategy(place.at('updateStrategy'), spec.updateStrategy)
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    const policy = retention?.[name]
    if (retention !== undefined && !retentions.includes(policy ?? ''))
      place.at('persistentVolumeClaimRetentionPolicy').at(name).unsupported(policy, retentions)
  }
  if (isNew) {
    place
      .at('volumeClaimTemplates')
      .each(spec.volumeClaimTemplates, (claim, at) => checkClaimSpec(at.at('spec'), claim.spec))
    if (spec.serviceName) place.at('serviceName').format(spec.serviceName, dns1123Label)
  }
  place.at('replicas').nonNegative(spec.replicas)
  place.at('minReadySeconds').nonNegative(spec.minReadySeconds)
  place.at('ordinals.start').nonNegative(spec.ordinals?.start)
  checkSelection(place, spec, 'statefulset')
  checkTemplate(place.at('template'), podTemplateOf(spec))
  checkForever(place.at('template'), spec.template, 'StatefulSet')
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const
const fixedText = `updates to statefulset spec for fields other than ${changeable
  .slice(0, -1)
  .map(name => `'${name}'`)
  .join(', ')} and '${changeable.at(-1) ?? ''}' are forbidden`

export function validateStatefulSet(object: StatefulSet, context: WriteContext<StatefulSet>): readonly FieldError[] {
  const { old, subresource } = context
  const root = new Place('')
  if (subresource === 'status') {
    const { conditions: _c, currentRevision: _r, updateRevision: _u, ...counts } = object.status ?? { replicas: 0 }
    checkCounts(root.at('status'), counts, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'])
    checkCollisions(root.at('status'), object.status?.collisionCount, old?.status?.collisionCount)
    return root.errors
  }
  checkStatefulSet(root.at('spec'), object.spec, old === undefined)
  if (old !== undefined && !equal(without(object.spec, ...changeable), without(old.spec, ...changeable)))
    root.at('spec').forbidden(fixedText)
  return root.errors
}

export function validateRevision(
  object: ControllerRevision,
  { old }: WriteContext<ControllerRevision>,
): readonly FieldError[] {
  const root = new Place('')
  root.at('revision').nonNegative(object.revision)
  const { data } = object
  if (old !== undefined) checkFixed(root.at('data'), data, old.data)
  else if (data === undefined || data === null) root.at('data').required('data is mandatory')
  else if (typeof data !== 'object' || Array.isArray(data)) root.at('data').required('data must be a valid JSON object')
  return root.errors
}
