/** Nothing is created in a namespace that is absent or going away, and the system's own namespaces stay. */
import { StatusError, forbidden, notFound } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, isResource, subjectOf } from './step.ts'

const immortal = new Set(['default', 'kube-system', 'kube-public'])

/** Reviews are answered, not kept: they may name any namespace. */
const reviews = new Set(['localsubjectaccessreviews'])

export const namespaceLifecycle = (lookup: Lookup): Step => ({
  name: 'NamespaceLifecycle',
  handles: request =>
    request.operation !== 'CONNECT' && request.operation !== 'UPDATE' && !reviews.has(request.permit.resource),
  judge: request => judge(lookup, request),
  change: request => {
    if (request.operation === 'CREATE') judge(lookup, request)
  },
})

/** For who has turned the other one off. */
export const namespaceExists = (lookup: Lookup): Step => ({
  name: 'NamespaceExists',
  handles: request => request.namespace !== '' && !isResource(request, '', 'namespaces'),
  judge: request => {
    const name = request.namespace
    if (lookup.get('namespaces', name) === undefined) throw notFound({ group: '', resource: 'namespaces', name })
  },
})

function judge(lookup: Lookup, request: AdmissionRequest): void {
  if (isResource(request, '', 'namespaces')) {
    if (request.operation === 'DELETE' && immortal.has(request.name))
      throw forbidden(subjectOf(request), 'this namespace may not be deleted')
    return
  }
  if (request.namespace === '' || request.operation !== 'CREATE') return
  const namespace = lookup.get('namespaces', request.namespace)
  if (namespace === undefined) throw notFound({ group: '', resource: 'namespaces', name: request.namespace })
  if (namespace.metadata.deletionTimestamp !== undefined) throw terminating(request)
}

function terminating(request: AdmissionRequest): StatusError {
  const { message, details } = forbidden(
    subjectOf(request),
    `unable to create new content in namespace ${request.namespace} because it is being terminated`,
  )
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${request.namespace} is being terminated`,
    field: 'metadata.namespace',
  }
  return new StatusError({ reason: 'Forbidden', message, details: { ...details, causes: [cause] } })
}
