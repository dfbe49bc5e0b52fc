/** Whether a policy or a binding has a say in a request. */
import type { Scheme } from '#api/kind.ts'
import { StatusError } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Lookup } from '../step.ts'
import { type Match, namespaceSelected, objectSelected, ownPlace, placed } from '../webhook/match.ts'
import type { PolicyCriteria } from './active.ts'

export interface Matching {
  readonly lookup: Lookup
  readonly scheme: Scheme
}

/** Why a policy cannot be asked: its failure policy says what becomes of the request. */
export class PolicyFailure extends Error {}

/** @returns undefined when it has none. @throws PolicyFailure when that cannot be found out. */
export function matched(
  { lookup, scheme }: Matching,
  criteria: PolicyCriteria,
  request: AdmissionRequest,
): Match | undefined {
  if (!objectSelected(criteria, request)) return undefined
  const { rules, excluded, matchPolicy } = criteria
  if (excluded.length > 0 && placed(scheme, { rules: excluded, matchPolicy }, request) !== undefined) return undefined
  const found = rules.length === 0 ? ownPlace(request) : placed(scheme, criteria, request)
  if (found === undefined) return undefined
  try {
    return namespaceSelected(criteria, lookup, request) ? found : undefined
  } catch (error) {
    if (error instanceof StatusError) throw new PolicyFailure(error.message)
    throw error
  }
}
