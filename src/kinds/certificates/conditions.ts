/** The conditions of a signing request: who may set which, and their times. */
import type { WriteContext } from '#api/kind.ts'
import type { Draft } from '#api/metadata.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'

type Condition = NonNullable<NonNullable<Request['status']>['conditions']>[number]

const conditionsOf = (request: Request): readonly Condition[] => request.status?.conditions ?? []
const ofType = (request: Request, type: string): readonly Condition[] =>
  conditionsOf(request).filter(condition => condition.type === type)

/** A condition that stays as it was keeps the time of its last transition. */
export function dateConditions(request: Draft<Request>, { old, now }: WriteContext<Request>): void {
  if (request.status?.conditions === undefined || old === undefined) return
  const before = conditionsOf(old)
  const conditions = request.status.conditions.map(one => {
    const same = before.find(({ type, status }) => type === one.type && status === one.status)
    return {
      ...one,
      lastUpdateTime: one.lastUpdateTime ?? now,
      lastTransitionTime: one.lastTransitionTime ?? same?.lastTransitionTime ?? now,
    }
  })
  // The status may be the old one's: it is not changed in place.
  request.status = { ...request.status, conditions }
}

const judgements = ['Approved', 'Denied'] as const

/** A signer's client does not say that it judged: what it says of that is what stands there already. */
export function keepJudgements(request: Draft<Request>, old: Request): void {
  if (request.status?.conditions === undefined) return
  for (const type of judgements) {
    const kept = [...ofType(old, type)]
    if (ofType(request, type).length !== kept.length) continue
    const conditions = conditionsOf(request).map(one => (one.type === type ? (kept.shift() ?? one) : one))
    request.status = { ...request.status, conditions }
  }
}
