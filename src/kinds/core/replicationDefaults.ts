import type { Draft } from '#api/metadata.ts'
import { fill, owned, put } from '../fill.ts'
import type {
  ReplicationController,
  ReplicationControllerSpec,
  ReplicationControllerStatus,
} from '#kinds/facts/generated/types/core_v1.ts'
import { templateDefaults } from './pod/defaults.ts'

const none: ReplicationControllerStatus = { replicas: 0 }
const size = (map: object | undefined): number => Object.keys(map ?? {}).length

/** Who names no selector means the template's labels. */
export function replicationDefaults(object: Draft<ReplicationController>): void {
  let spec = fill<ReplicationControllerSpec>(object.spec ?? {}, { replicas: 1 })
  if (spec.template !== undefined) spec = put(spec, 'template', templateDefaults(spec.template))
  const labels = spec.template?.metadata?.labels
  if (labels !== undefined && size(spec.selector) === 0) spec = { ...spec, selector: { ...labels } }
  if (labels !== undefined && size(object.metadata.labels) === 0) object.metadata.labels = { ...labels }
  object.spec = owned(spec)
  object.status = owned(fill<ReplicationControllerStatus>(object.status ?? none, none))
}
