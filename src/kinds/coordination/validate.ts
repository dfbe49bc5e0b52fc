import { qualifiedName } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type { Lease } from '#kinds/facts/generated/types/coordination_v1.ts'
import { Place } from '../place.ts'

const strategies = ['OldestEmulationVersion']

/** Names without a domain are Kubernetes' own. The path is upstream's. */
function checkStrategy(place: Place, strategy: string): void {
  if (strategy.includes('/')) place.format(strategy, qualifiedName)
  else if (!strategies.includes(strategy)) place.unsupported(strategy, strategies)
}

export function validateLease(lease: Lease): readonly FieldError[] {
  const place = new Place('spec')
  const { leaseDurationSeconds: duration, leaseTransitions: transitions, strategy, preferredHolder } = lease.spec ?? {}
  if (duration !== undefined && duration <= 0)
    place.at('leaseDurationSeconds').invalid(duration, 'must be greater than 0')
  if (transitions !== undefined && transitions < 0)
    place.at('leaseTransitions').invalid(transitions, 'must be greater than or equal to 0')
  if (strategy !== undefined) checkStrategy(place.at('strategy.strategy'), strategy)
  if (preferredHolder && !strategy)
    place.at('preferredHolder').forbidden('may only be specified if `strategy` is defined')
  return place.errors
}
