/** Conditions of definitions. */
import type {
  CustomResourceDefinition as Definition,
  CustomResourceDefinitionCondition as Condition,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'

export type Say = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

export const find = (definition: Definition, type: string): Condition | undefined =>
  definition.status?.conditions?.find(one => one.type === type)

export const isTrue = (definition: Definition, type: string): boolean => find(definition, type)?.status === 'True'

/** @param now RFC 3339 seconds. @returns the same list where nothing new is said. */
export function withCondition(conditions: readonly Condition[], say: Say, now: string): readonly Condition[] {
  const at = conditions.findIndex(one => one.type === say.type)
  const old = conditions[at]
  if (old === undefined) return [...conditions, { ...say, lastTransitionTime: now }]
  if (old.status === say.status && old.reason === say.reason && old.message === say.message) return conditions
  const since = old.status === say.status ? (old.lastTransitionTime ?? now) : now
  return conditions.with(at, { ...say, lastTransitionTime: since })
}
