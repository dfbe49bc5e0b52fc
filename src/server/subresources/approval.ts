/** certificatesigningrequests/approval: conditions Approved and Denied, and nothing else. */
import type { CertificateSigningRequest } from '#kinds/facts/generated/types/certificates_v1.ts'
import type { Draft } from '#api/metadata.ts'
import { methodNotAllowed } from '#api/status.ts'
import { type Special, got } from '../outcome.ts'
import { shown } from '../patching.ts'
import { get } from '../serve.ts'
import { amend } from './reading.ts'

export const approval: Special = async special => {
  const { request, serving, served } = special
  if (request.verb === 'get') return got(special, await get(serving.registry, special))
  if (request.verb !== 'update' && request.verb !== 'patch')
    throw methodNotAllowed(
      { group: special.permit.group, resource: 'certificatesigningrequests/approval' },
      request.verb,
    )
  const kept = await amend(special, (draft, current) => {
    const wanted = (
      request.verb === 'update'
        ? request.body
        : serving.patching.decoded(serving.patching.patched(request.patch, shown(current, served), served), served, {
            level: request.options?.fieldValidation ?? 'Warn',
            warn: special.warn,
          })
    ) as Draft<CertificateSigningRequest>
    const target = draft as Draft<CertificateSigningRequest>
    const judged = (wanted.status?.conditions ?? []).filter(
      condition => condition.type === 'Approved' || condition.type === 'Denied',
    )
    const others = (target.status?.conditions ?? []).filter(
      condition => condition.type !== 'Approved' && condition.type !== 'Denied',
    )
    target.status = { ...target.status, conditions: [...others, ...judged] }
  })
  return got(special, kept)
}
