/** What a node's agent may write of what the authorizer lets it touch: its own node, its own pods' status, its own tokens. */
import type { TokenRequest } from '#kinds/facts/generated/types/authentication_v1.ts'
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { equal } from '#base/equal.ts'
import { forbidden } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { nodeOf } from '#server/authz/node.ts'
import { references } from '#server/authz/references.ts'
import { type Lookup, type Step, draftOf, isResource, oldOf, subjectOf } from './step.ts'

export const nodeRestriction = (lookup: Lookup): Step => ({
  name: 'NodeRestriction',
  handles: request => request.permit.user.groups.includes('system:nodes'),
  judge: request => {
    const node = nodeOf(request.permit.user)
    if (node === undefined)
      throw forbidden(
        subjectOf(request),
        `could not determine node from user ${JSON.stringify(request.permit.user.name)}`,
      )
    if (isResource(request, '', 'nodes')) judgeNode(node, request)
    else if (isResource(request, '', 'pods')) judgePod(lookup, node, request)
    else if (isResource(request, '', 'serviceaccounts') && request.subresource === 'token')
      judgeToken(lookup, node, request)
    else if (isResource(request, 'coordination.k8s.io', 'leases')) judgeName(node, request, 'leases')
    else if (isResource(request, 'storage.k8s.io', 'csinodes')) judgeName(node, request, 'CSINode objects')
  },
})

const deny = (request: AdmissionRequest, why: string): never => {
  throw forbidden(subjectOf(request), why)
}

function judgeName(node: string, request: AdmissionRequest, what: string): void {
  const name = request.name === '' ? (request.object?.metadata.name ?? '') : request.name
  if (name !== node) deny(request, `can only access ${what} with the same name as the requesting node`)
}

/** Labels that an agent may give its own node. Others under kubernetes.io could attract pods that are not meant for it. */
const allowedLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'node.kubernetes.io/windows-build',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
])

function labelAllowed(key: string): boolean {
  const [domain = '', name] = key.split('/')
  if (name === undefined || allowedLabels.has(key)) return true
  if (domain === 'node-restriction.kubernetes.io' || domain.endsWith('.node-restriction.kubernetes.io')) return false
  const system = ['kubernetes.io', 'k8s.io'].some(base => domain === base || domain.endsWith(`.${base}`))
  return !system || /(^|\.)(kubelet|node)\.kubernetes\.io$/.test(domain)
}

function changedLabels(request: AdmissionRequest): readonly string[] {
  const now = request.object?.metadata.labels ?? {}
  const before = request.old?.metadata.labels ?? {}
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(key => now[key] !== before[key])
}

function judgeNode(node: string, request: AdmissionRequest): void {
  const name = request.name === '' ? (request.object?.metadata.name ?? '') : request.name
  if (name !== node) deny(request, `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(name)}`)
  if (request.operation === 'DELETE') return
  const bad = changedLabels(request).filter(key => !labelAllowed(key))
  if (bad.length > 0) deny(request, `is not allowed to modify labels: ${bad.join(', ')}`)
  const draft = draftOf<Node>(request)
  if ((draft.metadata.ownerReferences?.length ?? 0) > 0 && request.operation === 'CREATE')
    deny(request, 'cannot set ownerReferences')
  if (request.operation !== 'UPDATE') return
  const old = oldOf<Node>(request)
  if (!equal(draft.metadata.ownerReferences ?? [], old.metadata.ownerReferences ?? []))
    deny(request, 'cannot modify ownerReferences')
  if (!equal(draft.spec?.taints ?? [], old.spec?.taints ?? []))
    deny(request, `node ${JSON.stringify(node)} is not allowed to modify taints`)
  if (draft.spec?.configSource !== undefined && !equal(draft.spec.configSource, old.spec?.configSource))
    deny(request, `node ${JSON.stringify(node)} is not allowed to update configSource to a new non-nil configSource`)
}

function boundTo(lookup: Lookup, request: AdmissionRequest): string | undefined {
  const pod = (request.old ?? lookup.get('pods', `${request.namespace}/${request.name}`)) as Pod | undefined
  return pod?.spec?.nodeName
}

function judgePod(lookup: Lookup, node: string, request: AdmissionRequest): void {
  if (request.subresource === 'status') return judgePodStatus(node, request)
  if (request.subresource === 'eviction' || request.operation === 'DELETE') {
    if (boundTo(lookup, request) !== node)
      deny(
        request,
        `node ${JSON.stringify(node)} can only ${request.subresource === '' ? 'delete' : 'evict'} pods with spec.nodeName set to itself`,
      )
    return
  }
  if (request.operation === 'CREATE') judgeMirror(lookup, node, request)
  else deny(request, `unexpected operation ${JSON.stringify(request.operation)}`)
}

function judgePodStatus(node: string, request: AdmissionRequest): void {
  if (oldOf<Pod>(request).spec?.nodeName !== node)
    deny(request, `node ${JSON.stringify(node)} can only update pod status for pods with spec.nodeName set to itself`)
  if (!equal(request.object?.metadata.labels ?? {}, request.old?.metadata.labels ?? {}))
    deny(request, `node ${JSON.stringify(node)} cannot update labels through pod status`)
}

function judgeMirror(lookup: Lookup, node: string, request: AdmissionRequest): void {
  const pod = draftOf<Pod>(request)
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined)
    deny(
      request,
      `pod does not have "kubernetes.io/config.mirror" annotation, node ${JSON.stringify(node)} can only create mirror pods`,
    )
  if (pod.spec?.nodeName !== node)
    deny(request, `node ${JSON.stringify(node)} can only create pods with spec.nodeName set to itself`)
  const [owner, ...more] = pod.metadata.ownerReferences ?? []
  if (
    owner === undefined ||
    more.length > 0 ||
    owner.apiVersion !== 'v1' ||
    owner.kind !== 'Node' ||
    owner.name !== node
  )
    return deny(request, `node ${JSON.stringify(node)} can only create pods with an owner reference set to itself`)
  if (owner.controller !== true)
    deny(request, `node ${JSON.stringify(node)} can only create pods with a controller owner reference set to itself`)
  if (owner.blockOwnerDeletion === true)
    deny(request, `node ${JSON.stringify(node)} must not set blockOwnerDeletion on an owner reference`)
  const uid = lookup.get('nodes', node)?.metadata.uid
  if (uid === undefined || owner.uid !== uid)
    deny(request, `node ${node} UID mismatch: expected ${owner.uid} got ${uid ?? ''}`)
  const reading = [...references(pod)]
  if (reading.length > 0)
    deny(request, `node ${JSON.stringify(node)} can not create pods that reference ${reading[0]?.split(' ')[0] ?? ''}`)
}

function judgeToken(lookup: Lookup, node: string, request: AdmissionRequest): void {
  const { spec } = draftOf<TokenRequest>(request)
  const bound = spec?.boundObjectRef
  if (bound?.kind !== 'Pod' || bound.apiVersion !== 'v1' || (bound.name ?? '') === '')
    return deny(request, `node requested token not bound to a pod`)
  if ((bound.uid ?? '') === '') deny(request, 'node requested token with a pod binding without a uid')
  const pod = lookup.get('pods', `${request.namespace}/${bound.name}`) as Pod | undefined
  if (pod === undefined || pod.metadata.uid !== bound.uid)
    return deny(request, 'the UID in the bound object reference does not match the UID in record')
  if (pod.spec?.nodeName !== node)
    return deny(request, `node requested token bound to a pod scheduled on a different node`)
}
