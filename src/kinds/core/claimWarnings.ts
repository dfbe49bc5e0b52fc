/** Amounts that nobody can store. */
import type { PersistentVolumeClaimSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../place.ts'
import { quantity } from './quantities.ts'

type Warn = (place: Place, text: string) => void

/** Bytes come whole. */
export function fractionWarning(place: Place, amount: string | undefined, warn: Warn): void {
  if (amount?.endsWith('m') === true && (quantity(amount)?.nanos ?? 0n) % 1_000_000_000n !== 0n)
    warn(place, `fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`)
}

export function claimWarnings(place: Place, { resources }: PersistentVolumeClaimSpec, warn: Warn): void {
  for (const list of ['requests', 'limits'] as const)
    fractionWarning(place.at('resources').at(list).key('storage'), resources?.[list]?.['storage'], warn)
}
