/** When a volume's phase changed last. */
import type { WriteContext } from '#api/kind.ts'
import type { Draft } from '#api/metadata.ts'
import type { PersistentVolume } from '#kinds/facts/generated/types/core_v1.ts'

export function prepareVolume(
  volume: Draft<PersistentVolume>,
  { old, now, subresource }: WriteContext<PersistentVolume>,
): void {
  if (old === undefined) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: now }
    return
  }
  if (subresource !== 'status') return
  const before = old.status?.lastPhaseTransitionTime
  const given = volume.status?.lastPhaseTransitionTime
  const changed = volume.status?.phase !== old.status?.phase
  if (changed && (given === undefined || given === before))
    volume.status = { ...volume.status, lastPhaseTransitionTime: now }
  else if (!changed && given === undefined && before !== undefined)
    volume.status = { ...volume.status, lastPhaseTransitionTime: before }
}
