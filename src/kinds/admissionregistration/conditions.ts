/** Match conditions, of webhooks and of policies. */
import { qualifiedName } from '#api/names.ts'
import type { MatchCondition } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { Place } from '../place.ts'

const mostConditions = 64

/** @param problem what is wrong with an expression, which is not empty. */
export function checkConditions(
  list: Place,
  conditions: readonly MatchCondition[],
  problem: (expression: string) => string | undefined,
): void {
  if (conditions.length > mostConditions) list.tooMany(conditions.length, mostConditions)
  const names = new Set<string>()
  list.each(conditions, ({ name, expression }, at) => {
    const text = expression.trim()
    const wrong = text === '' ? undefined : problem(text)
    if (text === '') at.at('expression').required()
    else if (wrong !== undefined) at.at('expression').invalid(text, wrong)
    at.at('name').named(name, qualifiedName)
    if (name !== '' && names.has(name)) at.at('name').duplicate(name)
    names.add(name)
  })
}
