/** What pods bear: merged, and measured against what they may. */
import type { Toleration } from '#kinds/facts/generated/types/core_v1.ts'

type Bears = Pick<Toleration, 'key' | 'operator' | 'value' | 'effect' | 'tolerationSeconds'>

/** Whether everything that the second bears the first bears too. */
export function isSuperset(one: Bears, other: Bears): boolean {
  if (same(one, other)) return true
  const anything = (one.key ?? '') === '' && one.operator === 'Exists'
  if (!anything && (one.key ?? '') !== (other.key ?? '')) return false
  if ((one.effect ?? '') !== '' && one.effect !== other.effect) return false
  if (one.effect === 'NoExecute' && one.tolerationSeconds !== undefined) {
    if (other.tolerationSeconds === undefined || other.tolerationSeconds > one.tolerationSeconds) return false
  }
  if (one.operator === 'Exists') return true
  return (
    (one.operator ?? 'Equal') === 'Equal' && other.operator === 'Equal' && (one.value ?? '') === (other.value ?? '')
  )
}

const fields = ['key', 'operator', 'value', 'effect', 'tolerationSeconds'] as const

const same = (one: Bears, other: Bears): boolean => fields.every(field => (one[field] ?? '') === (other[field] ?? ''))

/** Beyond so many only what is equal is looked for: comparing each with each takes its time. */
const comparable = 200

/** Both lists, the first one first, without what others in them cover. */
export function mergeTolerations<T extends Bears>(first: readonly T[], second: readonly T[]): T[] {
  const texts = new Set<string>()
  const all = [...first, ...second].filter(one => {
    const text = JSON.stringify(fields.map(field => String(one[field] ?? '')))
    return !texts.has(text) && texts.add(text)
  })
  if (all.length > comparable) return all
  // Of two that cover each other the first stays.
  const covered = (one: T, at: number): boolean =>
    all.some((other, place) => place !== at && isSuperset(other, one) && (place < at || !isSuperset(one, other)))
  return all.filter((one, at) => !covered(one, at))
}

/** Whether each is covered by something on the list. */
export const withinList = (tolerations: readonly Bears[], list: readonly Bears[]): boolean =>
  tolerations.every(one => list.some(allowed => isSuperset(allowed, one)))
