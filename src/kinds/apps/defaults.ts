/** Defaults of the controllers of pods. */
import type { Draft } from '#api/metadata.ts'
import { each, fill, owned, within } from '../fill.ts'
import { claimTemplateDefaults } from '../core/claimDefaults.ts'
import { templateDefaults } from '../core/pod/defaults.ts'
import type {
  DaemonSet,
  DaemonSetSpec,
  DaemonSetStatus,
  Deployment,
  DeploymentSpec,
  ReplicaSet,
  ReplicaSetStatus,
  StatefulSet,
  StatefulSetSpec,
  StatefulSetStatus,
} from '#kinds/facts/generated/types/apps_v1.ts'

const ofDeployment: Partial<DeploymentSpec> = {
  replicas: 1,
  strategy: { type: 'RollingUpdate' },
  revisionHistoryLimit: 10,
  progressDeadlineSeconds: 600,
}
type Strategy = NonNullable<DeploymentSpec['strategy']>

function strategy(given: Strategy): Strategy {
  const typed = fill(given, { type: 'RollingUpdate' })
  if (typed.type !== 'RollingUpdate') return typed
  const filled = fill(typed, { rollingUpdate: {} })
  return within(filled, 'rollingUpdate', one => fill(one, { maxUnavailable: '25%', maxSurge: '25%' }))
}

export function deploymentDefaults(object: Draft<Deployment>): void {
  const spec: DeploymentSpec = fill(object.spec ?? {}, ofDeployment)
  object.spec = owned({
    ...within(spec, 'strategy', strategy),
    template: templateDefaults(spec.template),
  })
  object.status ??= {}
}

const noReplicas: ReplicaSetStatus = { replicas: 0 }

export function replicaSetDefaults(object: Draft<ReplicaSet>): void {
  const spec = fill<ReplicaSet['spec']>(object.spec ?? {}, { replicas: 1 })
  object.spec = owned({ ...spec, template: templateDefaults(spec.template) })
  object.status = owned(fill<ReplicaSetStatus>(object.status ?? noReplicas, noReplicas))
}

const ofStatefulSet: Partial<StatefulSetSpec> = {
  replicas: 1,
  podManagementPolicy: 'OrderedReady',
  revisionHistoryLimit: 10,
  updateStrategy: {},
  persistentVolumeClaimRetentionPolicy: {},
  serviceName: '',
}
const noPods: StatefulSetStatus = { replicas: 0, availableReplicas: 0 }
const retained = { whenDeleted: 'Retain', whenScaled: 'Retain' } as const

/** A strategy that names its type without parameters has none. */
function statefulStrategy(given: NonNullable<StatefulSetSpec['updateStrategy']>) {
  const filled = given.type ? given : fill(given, { type: 'RollingUpdate', rollingUpdate: {} })
  return filled.type === 'RollingUpdate' ? within(filled, 'rollingUpdate', one => fill(one, { partition: 0 })) : filled
}

export function statefulSetDefaults(object: Draft<StatefulSet>): void {
  const given: StatefulSetSpec = object.spec ?? {}
  const filled = given.serviceName === undefined ? { ...given, serviceName: '' } : given
  let spec = fill(filled, ofStatefulSet)
  spec = within(spec, 'updateStrategy', statefulStrategy)
  spec = within(spec, 'persistentVolumeClaimRetentionPolicy', one => fill(one, retained))
  spec = within(spec, 'volumeClaimTemplates', list => each(list, claimTemplateDefaults))
  object.spec = owned({ ...spec, template: templateDefaults(spec.template) })
  object.status = owned(fill<StatefulSetStatus>(object.status ?? noPods, noPods))
}

const ofDaemonSet: Partial<DaemonSetSpec> = { updateStrategy: {}, revisionHistoryLimit: 10 }
const noNodes: DaemonSetStatus = {
  currentNumberScheduled: 0,
  numberMisscheduled: 0,
  desiredNumberScheduled: 0,
  numberReady: 0,
}

function daemonStrategy(given: NonNullable<DaemonSetSpec['updateStrategy']>) {
  const typed = fill(given, { type: 'RollingUpdate' })
  if (typed.type !== 'RollingUpdate') return typed
  return within(fill(typed, { rollingUpdate: {} }), 'rollingUpdate', one =>
    fill(one, { maxUnavailable: 1, maxSurge: 0 }),
  )
}

export function daemonSetDefaults(object: Draft<DaemonSet>): void {
  const spec = within(fill<DaemonSetSpec>(object.spec ?? {}, ofDaemonSet), 'updateStrategy', daemonStrategy)
  object.spec = owned({ ...spec, template: templateDefaults(spec.template) })
  object.status = owned(fill<DaemonSetStatus>(object.status ?? noNodes, noNodes))
}
