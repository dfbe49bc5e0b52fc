/** Match conditions: expressions that say whether a webhook is asked at all. The language stands elsewhere. */
import type { MatchCondition } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Invocation } from './match.ts'

/** All of them hold, one of them does not, or (where none is false) an error that the failure policy decides about. */
export type Matched = boolean | { readonly error: string }

export type Conditions = (
  conditions: readonly MatchCondition[],
  called: Invocation,
  request: AdmissionRequest,
) => Matched | Promise<Matched>
