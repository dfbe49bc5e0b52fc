/** certificatesigningrequests/approval: conditions, labels and annotations, and nothing else. */
import type { CertificateSigningRequest } from '#kinds/facts/generated/types/certificates_v1.ts'
import type { Draft } from '#api/metadata.ts'
import { methodNotAllowed, modified } from '#api/status.ts'
import { subjectOf } from '#server/registry/create.ts'
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
    const { resourceVersion = '', labels, annotations } = wanted.metadata
    if (resourceVersion !== '' && resourceVersion !== current.object.metadata.resourceVersion)
      throw modified(subjectOf(special.permit, special.permit.name))
    const target = draft as Draft<CertificateSigningRequest>
    const { labels: _l, annotations: _a, ...own } = target.metadata
    target.metadata = {
      ...own,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    }
    target.status = { ...target.status, conditions: wanted.status?.conditions ?? [] }
  })
  return got(special, kept)
}
