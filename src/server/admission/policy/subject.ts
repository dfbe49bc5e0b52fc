/** What the expressions of policies are shown of a request. */
import type { KObject } from '#api/metadata.ts'
import { notFound } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Lookup } from '../step.ts'
import type { Match } from '../webhook/match.ts'
import { type Versions, shownAs } from '../webhook/review.ts'

const isNamespaces = ({ permit }: AdmissionRequest): boolean => permit.group === '' && permit.resource === 'namespaces'

/** Where the parameters of its own namespace are: a namespace lies in itself. */
export const paramsNamespace = (request: AdmissionRequest): string =>
  isNamespaces(request) ? request.name : request.namespace

/** For expressions a namespace does not lie in itself. @throws StatusError NotFound */
export function namespaceAround(lookup: Lookup, request: AdmissionRequest): KObject | undefined {
  if (request.namespace === '' || isNamespaces(request)) return undefined
  const namespace = lookup.get('namespaces', request.namespace)
  if (namespace === undefined) throw notFound({ group: '', resource: 'namespaces', name: request.namespace })
  return namespace
}

export const objectIn = (versions: Versions, match: Match, request: AdmissionRequest): Promise<object | null> =>
  shownAs(versions, match, { request, object: request.object })

export const oldIn = (versions: Versions, match: Match, request: AdmissionRequest): Promise<object | null> =>
  shownAs(versions, match, { request, object: request.old })
