/** namespaces/finalize: the namespace controller says that it is done. */
import type { Namespace } from '#kinds/facts/generated/types/core_v1.ts'
import type { Draft } from '#api/metadata.ts'
import { conflict, methodNotAllowed } from '#api/status.ts'
import { type Special, got } from '../outcome.ts'
import { amend } from './reading.ts'

export const finalize: Special = async special => {
  const { request, permit } = special
  if (request.verb !== 'update') throw methodNotAllowed({ group: '', resource: 'namespaces/finalize' }, request.verb)
  const wanted = request.body as Draft<Namespace>
  const kept = await amend(special, (draft, current) => {
    const version = wanted.metadata.resourceVersion ?? ''
    if (version !== '' && version !== current.object.metadata.resourceVersion)
      throw conflict(
        { group: '', resource: 'namespaces', name: permit.name },
        'the object has been modified; please apply your changes to the latest version and try again',
      )
    const namespace = draft as Draft<Namespace>
    namespace.spec = { ...namespace.spec, finalizers: wanted.spec?.finalizers ?? [] }
  })
  return got(special, kept)
}
