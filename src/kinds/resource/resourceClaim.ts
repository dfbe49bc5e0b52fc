import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { owned } from '../fill.ts'
import { validateClaim } from './claims.ts'
import { claimedSpec } from './defaults.ts'
import { resourceClaims } from '#kinds/facts/generated/refs.ts'
import type { ResourceClaim as Object } from '#kinds/facts/generated/types/resource_v1.ts'

function stateOf({ metadata, status }: Object): string {
  const going = metadata.deletionTimestamp !== undefined
  if (status?.allocation === undefined) return going ? 'deleted' : 'pending'
  return [going ? 'deleted' : '', 'allocated', (status.reservedFor?.length ?? 0) > 0 ? 'reserved' : '']
    .filter(state => state !== '')
    .join(',')
}

export const ResourceClaim = defineKind(resourceClaims, {
  status: true,
  unconditionalUpdate: true,
  returnsDeleted: true,
  defaults: claim => {
    claim.spec = owned(claimedSpec(claim.spec))
    claim.status ??= {}
  },
  validate: validateClaim,
  columns: [name, text('State', stateOf), age],
})
