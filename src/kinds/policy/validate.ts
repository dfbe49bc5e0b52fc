import type { WriteContext } from '#api/kind.ts'
import type { FieldError } from '#api/validation.ts'
import type { PodDisruptionBudget } from '#kinds/facts/generated/types/policy_v1.ts'
import { checkAmountOrShare, checkNotMoreThanAll } from '../apps/checks.ts'
import { checkSelector } from '../meta.ts'
import { Place } from '../place.ts'

const evictions = ['AlwaysAllow', 'IfHealthyBudget']

export function validateBudget(
  budget: PodDisruptionBudget,
  { subresource }: WriteContext<PodDisruptionBudget>,
): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') {
    const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } = budget.status ?? {}
    const counts = { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods }
    for (const [name, count] of Object.entries(counts)) root.at('status').at(name).nonNegative(count)
    return root.errors
  }
  const place = root.at('spec')
  const spec = budget.spec ?? {}
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
    place.invalid(spec, 'minAvailable and maxUnavailable cannot be both set')
  for (const name of ['minAvailable', 'maxUnavailable'] as const) {
    checkAmountOrShare(place.at(name), spec[name])
    checkNotMoreThanAll(place.at(name), spec[name])
  }
  checkSelector(place.at('selector'), spec.selector)
  const { unhealthyPodEvictionPolicy: policy } = spec
  if (policy !== undefined && !evictions.includes(policy))
    place.at('unhealthyPodEvictionPolicy').unsupported(policy, evictions)
  return root.errors
}
