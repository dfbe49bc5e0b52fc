/** What a node's agent may do to pods: report on its own, evict and delete its own, stand for its own files. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { equal } from '#base/equal.ts'
import type { KObject } from '#api/metadata.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { references } from '#server/authz/references.ts'
import { type Lookup, deny, draftOf, oldOf } from './step.ts'

const mirror = 'kubernetes.io/config.mirror'

function boundTo(lookup: Lookup, request: AdmissionRequest): string | undefined {
  const pod = (request.old ?? lookup.get('pods', `${request.namespace}/${request.name}`)) as Pod | undefined
  return pod?.spec?.nodeName
}

const unexpected = (request: AdmissionRequest): never =>
  deny(request, `unexpected operation ${JSON.stringify(request.operation)}`)

/** @throws StatusError Forbidden */
export function judgePod(lookup: Lookup, node: string, request: AdmissionRequest): void {
  const own = JSON.stringify(node)
  switch (request.subresource) {
    case 'status':
      return request.operation === 'UPDATE' ? judgeStatus(own, node, request) : unexpected(request)
    case 'eviction':
      if (request.operation !== 'CREATE') unexpected(request)
      if (boundTo(lookup, request) !== node)
        deny(request, `node ${node} can only evict pods with spec.nodeName set to itself`)
      return undefined
    case '':
      break
    default:
      return deny(
        request,
        `unexpected pod subresource ${JSON.stringify(request.subresource)}, only 'status' and 'eviction' are allowed`,
      )
  }
  if (request.operation === 'CREATE') return judgeMirror(lookup, node, request)
  if (request.operation !== 'DELETE')
    deny(
      request,
      `unexpected operation ${JSON.stringify(request.operation)}, node ${own} can only create and delete mirror pods`,
    )
  if (boundTo(lookup, request) !== node)
    deny(request, `node ${own} can only delete pods with spec.nodeName set to itself`)
  return undefined
}

function judgeStatus(own: string, node: string, request: AdmissionRequest): void {
  const [pod, old] = [draftOf<Pod>(request), oldOf<Pod>(request)]
  if (old.spec?.nodeName !== node)
    deny(request, `node ${own} can only update pod status for pods with spec.nodeName set to itself`)
  if (!equal(pod.metadata.labels ?? {}, old.metadata.labels ?? {}))
    deny(request, `node ${own} cannot update labels through pod status`)
  if (!equal(pod.status?.resourceClaimStatuses ?? [], old.status?.resourceClaimStatuses ?? []))
    deny(request, `node ${own} cannot update resource claim statues`)
  if (!equal(pod.status?.extendedResourceClaimStatus, old.status?.extendedResourceClaimStatus))
    deny(request, `node ${own} cannot update extended resource claim status`)
}

/** Of what the API keeps the first that a pod makes its node want. */
function reachedBy(pod: KObject & Pick<Pod, 'spec'>): string | undefined {
  const [named] = references(pod)
  if (named !== undefined) return named.split(' ')[0]
  const { resourceClaims = [], volumes = [] } = pod.spec ?? {}
  if (resourceClaims.length > 0) return 'resourceclaims'
  for (const { csi, glusterfs, projected } of volumes) {
    if (csi !== undefined) return 'csidrivers (via CSI volumes)'
    if (glusterfs !== undefined) return 'endpoints (via glusterFS volumes)'
    for (const source of projected?.sources ?? []) {
      if (source.serviceAccountToken !== undefined) return 'serviceaccounts (via projected volumes)'
      if (source.clusterTrustBundle !== undefined) return 'clustertrustbundles'
      if (source.podCertificate !== undefined) return 'podcertificates'
    }
  }
  return undefined
}

function judgeMirror(lookup: Lookup, node: string, request: AdmissionRequest): void {
  const own = JSON.stringify(node)
  const pod = draftOf<Pod>(request)
  if (pod.metadata.annotations?.[mirror] === undefined)
    deny(request, `pod does not have "${mirror}" annotation, node ${own} can only create mirror pods`)
  if (pod.spec?.nodeName !== node) deny(request, `node ${own} can only create pods with spec.nodeName set to itself`)
  const [owner, ...more] = pod.metadata.ownerReferences ?? []
  if (more.length > 0) deny(request, `node ${own} can only create pods with a single owner reference set to itself`)
  if (owner === undefined || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return deny(request, `node ${own} can only create pods with an owner reference set to itself`)
  if (owner.controller !== true)
    deny(request, `node ${own} can only create pods with a controller owner reference set to itself`)
  if (owner.blockOwnerDeletion === true)
    deny(request, `node ${own} must not set blockOwnerDeletion on an owner reference`)
  const uid = lookup.get('nodes', node)?.metadata.uid
  if (uid === undefined || owner.uid !== uid)
    deny(request, `node ${node} UID mismatch: expected ${owner.uid} got ${uid ?? ''}`)
  const first = reachedBy(pod)
  if (first !== undefined) deny(request, `node ${own} can not create pods that reference ${first}`)
  return undefined
}
