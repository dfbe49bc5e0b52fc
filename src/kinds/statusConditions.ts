/** Conditions as most kinds have them in their status (meta/v1 Condition). */
import { qualifiedName } from '#api/names.ts'
import type { Place } from './place.ts'

export interface StatusCondition {
  readonly type: string
  readonly status: string
  readonly observedGeneration?: number
  readonly lastTransitionTime?: string | null
  readonly reason: string
  readonly message: string
}

const statuses = ['False', 'True', 'Unknown']
const reasonForm = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/
const reasonProblem =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"
const longestReason = 1024
const longestMessage = 32 * 1024

function checkReason(place: Place, reason: string): void {
  if (reason === '') return place.required()
  if (!reasonForm.test(reason)) place.invalid(reason, reasonProblem)
  if (Buffer.byteLength(reason) > longestReason) place.tooLong(longestReason)
  return undefined
}

function checkCondition(place: Place, condition: StatusCondition): void {
  const { observedGeneration = 0, lastTransitionTime } = condition
  place.at('type').format(condition.type, qualifiedName)
  if (!statuses.includes(condition.status)) place.at('status').unsupported(condition.status, statuses)
  if (observedGeneration < 0)
    place.at('observedGeneration').invalid(observedGeneration, 'must be greater than or equal to zero')
  if (lastTransitionTime === undefined || lastTransitionTime === null) place.at('lastTransitionTime').required()
  checkReason(place.at('reason'), condition.reason)
  if (Buffer.byteLength(condition.message) > longestMessage) place.at('message').tooLong(longestMessage)
}

export function checkStatusConditions(list: Place, conditions: readonly StatusCondition[] | undefined): void {
  const types = new Set<string>()
  list.each(conditions, (condition, at) => {
    if (types.has(condition.type)) at.at('type').duplicate(condition.type)
    types.add(condition.type)
    checkCondition(at, condition)
  })
}
