/** The conditions of a signing request: who may set which, and their times. */
import type { WriteContext } from '#api/kind.ts'
import type { Draft } from '#api/metadata.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'
import { equal } from '#base/equal.ts'
import type { Place } from '../place.ts'

type Condition = NonNullable<NonNullable<Request['status']>['conditions']>[number]

const conditionsOf = (request: Request): readonly Condition[] => request.status?.conditions ?? []
const ofType = (request: Request, type: string): readonly Condition[] =>
  conditionsOf(request).filter(condition => condition.type === type)

/** A condition that stays as it was keeps the time of its last transition. */
export function dateConditions(request: Draft<Request>, { old, now }: WriteContext<Request>): void {
  if (request.status?.conditions === undefined || old === undefined) return
  const before = conditionsOf(old)
  request.status.conditions = request.status.conditions.map(one => {
    const same = before.find(({ type, status }) => type === one.type && status === one.status)
    return {
      ...one,
      lastUpdateTime: one.lastUpdateTime ?? now,
      lastTransitionTime: one.lastTransitionTime ?? same?.lastTransitionTime ?? now,
    }
  })
}

const judgements = ['Approved', 'Denied'] as const

/** A signer's client does not say that it judged: what it says of that is what stands there already. */
export function keepJudgements(request: Draft<Request>, old: Request): void {
  if (request.status?.conditions === undefined) return
  for (const type of judgements) {
    const kept = [...ofType(old, type)]
    if (ofType(request, type).length === kept.length)
      request.status.conditions = request.status.conditions.map(one =>
        one.type === type ? (kept.shift() ?? one) : one,
      )
  }
}

/** Who approves does not sign, who signs does not approve, and a judgement stands. */
export function checkTransition(place: Place, request: Request, { old, subresource }: WriteContext<Request>): void {
  if (old === undefined) return
  const list = place.at('conditions')
  for (const type of [...judgements, 'Failed'])
    if (ofType(request, type).length < ofType(old, type).length)
      list.forbidden(`updates may not remove a condition of type "${type}"`)
  if (subresource !== 'approval')
    for (const type of judgements) {
      const [now, before] = [ofType(request, type), ofType(old, type)]
      if (now.length > before.length) list.forbidden(`updates may not add a condition of type "${type}"`)
      else if (now.length === before.length && !equal(now, before))
        list.forbidden(`updates may not modify a condition of type "${type}"`)
    }
  const [now = '', before = ''] = [request.status?.certificate, old.status?.certificate]
  if (now === before) return
  const at = place.at('certificate')
  if (subresource !== 'status') at.forbidden('updates may not set certificate content')
  else if (before !== '') at.forbidden('updates may not modify existing certificate content')
}
