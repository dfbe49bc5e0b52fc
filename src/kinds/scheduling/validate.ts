import type { WriteContext } from '#api/kind.ts'
import type { FieldError } from '#api/validation.ts'
import type { PriorityClass } from '#kinds/facts/generated/types/scheduling_v1.ts'
import { Place } from '../place.ts'

const highest = 1_000_000_000
const prefix = 'system-'
const known: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2 * highest + 1000],
  ['system-cluster-critical', 2 * highest],
])
const policies = ['PreemptLowerPriority', 'Never']

/** Why a name that is the system's does not fit the object. */
function systemProblem({ metadata: { name = '' }, value, globalDefault }: PriorityClass): string | undefined {
  const wanted = known.get(name)
  if (wanted === undefined) return `${name} is not a known system priority class`
  if (value !== wanted) return `value of ${name} PriorityClass must be ${wanted}`
  return globalDefault === true ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

export function validatePriority(object: PriorityClass, { old }: WriteContext<PriorityClass>): readonly FieldError[] {
  const root = new Place('')
  const { value, preemptionPolicy, metadata } = object
  if (old !== undefined) {
    if (value !== old.value) root.at('value').forbidden('may not be changed in an update.')
    if (preemptionPolicy !== old.preemptionPolicy) root.at('preemptionPolicy').immutable(preemptionPolicy)
    return root.errors
  }
  if (metadata.name?.startsWith(prefix) === true) {
    const problem = systemProblem(object)
    if (problem !== undefined)
      root
        .at('metadata.name')
        .forbidden(`priority class names with '${prefix}' prefix are reserved for system use only. error: ${problem}`)
  } else if (value > highest)
    root.at('value').forbidden(`maximum allowed value of a user defined priority is ${highest}`)
  if (preemptionPolicy !== undefined) root.at('preemptionPolicy').oneOf(preemptionPolicy, policies)
  return root.errors
}
