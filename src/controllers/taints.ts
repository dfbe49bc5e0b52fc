/** Taints and tolerations. */
import type { Taint, Toleration } from '#kinds/facts/generated/types/core_v1.ts'

const integer = /^-?(?:0|[1-9]\d{0,18})$/

function compares(operator: 'Gt' | 'Lt', taint: string, toleration: string): boolean {
  if (!integer.test(taint) || !integer.test(toleration)) return false
  return operator === 'Gt' ? BigInt(taint) > BigInt(toleration) : BigInt(taint) < BigInt(toleration)
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', effect, operator = 'Equal', value = '' } = toleration
  if (effect !== undefined && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  if (operator === 'Exists') return true
  return operator === 'Equal' ? value === (taint.value ?? '') : compares(operator, taint.value ?? '', value)
}

/** The first taint of one of these effects that nothing tolerates. */
export const untolerated = (
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: ReadonlySet<Taint['effect']>,
): Taint | undefined =>
  taints?.find(taint => effects.has(taint.effect) && tolerations?.some(one => tolerates(one, taint)) !== true)
