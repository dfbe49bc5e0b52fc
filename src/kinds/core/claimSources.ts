/** A claim's contents have an older and a newer field, which say the same where the older one can. */
import type { PersistentVolumeClaimSpec } from '#kinds/facts/generated/types/core_v1.ts'

export function withBothSources(spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const { dataSource, dataSourceRef } = spec
  if (dataSource !== undefined && dataSourceRef === undefined) return { ...spec, dataSourceRef: { ...dataSource } }
  if (dataSource !== undefined || dataSourceRef === undefined || dataSourceRef.namespace) return spec
  const { apiGroup, kind, name } = dataSourceRef
  return { ...spec, dataSource: { ...(apiGroup === undefined ? {} : { apiGroup }), kind, name } }
}
