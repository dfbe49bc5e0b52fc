/** Quota and the write that it is charged for, in one transaction. */
import { conflict } from '#api/status.ts'
import type { CommitResult, Operation } from '#server/store/contract.ts'
import type { AdmissionRequest, RegistryDeps } from './deps.ts'

/** How often somebody else may have changed a quota in between. */
const tries = 20

/** Only looks whether there is room, as a dry run does. @throws StatusError */
export async function charged(deps: RegistryDeps, request: AdmissionRequest): Promise<void> {
  const charge = await deps.admission.charge(request)
  charge.settle()
}

/**
 * `kept` of the result begins with what these operations wrote. A conflict is about these operations, never about a quota.
 * @throws StatusError Forbidden when there is no room, Conflict when the quotas never hold still.
 */
export async function commitCharged(
  deps: RegistryDeps,
  request: AdmissionRequest,
  operations: readonly Operation[],
): Promise<CommitResult> {
  for (let tried = 1; ; tried++) {
    const asked = deps.admission.charge(request)
    const charge = asked instanceof Promise ? await asked : asked
    try {
      const all = charge.operations.length === 0 ? operations : [...operations, ...charge.operations]
      const result = await deps.store.commit(all)
      if (result.ok || result.reason !== 'conflict' || result.at < operations.length) return result
    } finally {
      charge.settle()
    }
    if (tried === tries)
      throw conflict(
        { group: '', resource: 'resourcequotas' },
        'the object has been modified; please apply your changes to the latest version and try again',
      )
  }
}
