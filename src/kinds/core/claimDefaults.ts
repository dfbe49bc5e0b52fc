/** Defaults of claims, wherever they stand: on their own, in stateful sets, in ephemeral volumes. */
import { fill, within } from '../fill.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { roundedList } from './quantities.ts'

const ofSpec: Partial<PersistentVolumeClaimSpec> = { resources: {}, volumeMode: 'Filesystem' }
const ofStatus: NonNullable<PersistentVolumeClaim['status']> = { phase: 'Pending' }

export const claimDefaults = (spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec =>
  within(fill(spec, ofSpec), 'resources', one => within(within(one, 'limits', roundedList), 'requests', roundedList))

/** Of a whole claim inside another object. */
export function claimTemplateDefaults(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const spec = claimDefaults(claim.spec ?? {})
  const status = fill(claim.status ?? ofStatus, ofStatus)
  const head = fill(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' })
  return spec === claim.spec && status === claim.status ? head : { ...head, spec, status }
}
