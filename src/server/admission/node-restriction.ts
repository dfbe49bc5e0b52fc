/** What a node's agent may write of what the authorizer lets it touch: its own node, its own pods' status, its own tokens. */
import type { CertificateSigningRequest } from '#kinds/facts/generated/types/certificates_v1.ts'
import type { Node, PersistentVolumeClaim } from '#kinds/facts/generated/types/core_v1.ts'
import type { ResourceSlice } from '#kinds/facts/generated/types/resource_v1.ts'
import { equal } from '#base/equal.ts'
import { groupResource } from '#api/metadata.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { nodeOf } from '#server/authz/node.ts'
import { commonNamesOf } from '#codec/csr.ts'
import { CsrError } from '#codec/der.ts'
import { judgePod } from './node-pods.ts'
import { judgeToken } from './node-tokens.ts'
import { type Lookup, type Step, deny, draftOf, oldOf } from './step.ts'

type Judge = (lookup: Lookup, node: string, request: AdmissionRequest) => void

const judges: Readonly<Record<string, Judge>> = {
  nodes: (_, node, request) => judgeNode(node, request),
  pods: judgePod,
  persistentvolumeclaims: (_, node, request) => judgeClaim(node, request),
  serviceaccounts: judgeToken,
  'leases.coordination.k8s.io': (_, node, request) => judgeLease(node, request),
  'csinodes.storage.k8s.io': (_, node, request) => judgeName(node, request, 'CSINode'),
  'resourceslices.resource.k8s.io': (_, node, request) => judgeSlice(node, request),
  'certificatesigningrequests.certificates.k8s.io': (_, node, request) => judgeCsr(node, request),
}

const judgeOf = ({ permit }: AdmissionRequest): Judge | undefined => {
  const name = groupResource(permit)
  return Object.hasOwn(judges, name) ? judges[name] : undefined
}

export const nodeRestriction = (lookup: Lookup): Step => ({
  name: 'NodeRestriction',
  handles: request => request.permit.user.groups.includes('system:nodes') && request.operation !== 'CONNECT',
  judge: request => {
    const node = nodeOf(request.permit.user)
    if (node === undefined)
      deny(request, `could not determine node from user ${JSON.stringify(request.permit.user.name)}`)
    else judgeOf(request)?.(lookup, node, request)
  },
})

const nameOf = (request: AdmissionRequest): string =>
  request.name === '' ? (request.object?.metadata.name ?? '') : request.name

function judgeName(node: string, request: AdmissionRequest, what: string): void {
  if (nameOf(request) !== node) deny(request, `can only access ${what} with the same name as the requesting node`)
}

function judgeLease(node: string, request: AdmissionRequest): void {
  if (request.namespace !== 'kube-node-lease')
    deny(request, 'can only access leases in the "kube-node-lease" system namespace')
  judgeName(node, request, 'node lease')
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
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(key => now[key] !== before[key]).sort()
}

function judgeNode(node: string, request: AdmissionRequest): void {
  const [own, name] = [JSON.stringify(node), nameOf(request)]
  if (name !== node) deny(request, `node ${own} is not allowed to modify node ${JSON.stringify(name)}`)
  if (request.operation === 'DELETE') return
  const bad = changedLabels(request).filter(key => !labelAllowed(key))
  const draft = draftOf<Node>(request)
  const source = draft.spec?.configSource
  if (request.operation === 'CREATE') {
    if (source !== undefined) deny(request, `node ${own} is not allowed to create pods with a non-nil configSource`)
    if (bad.length > 0) deny(request, `node ${own} is not allowed to set the following labels: ${bad.join(', ')}`)
    if ((draft.metadata.ownerReferences?.length ?? 0) > 0)
      deny(request, `node ${own} is not allowed to set ownerReferences`)
    return
  }
  const old = oldOf<Node>(request)
  if (source !== undefined && !equal(source, old.spec?.configSource))
    deny(request, `node ${own} is not allowed to update configSource to a new non-nil configSource`)
  if (!equal(draft.spec?.taints ?? [], old.spec?.taints ?? []))
    deny(request, `node ${own} is not allowed to modify taints`)
  if (!equal(draft.metadata.ownerReferences ?? [], old.metadata.ownerReferences ?? []))
    deny(request, `node ${own} is not allowed to modify ownerReferences`)
  if (bad.length > 0) deny(request, `is not allowed to modify labels: ${bad.join(', ')}`)
}

/** What the expansion of a volume on its node changes. */
const expanded = ({ metadata, spec, status }: Pick<PersistentVolumeClaim, 'metadata' | 'spec' | 'status'>): object => {
  const { capacity: _c, conditions: _o, allocatedResourceStatuses: _s, allocatedResources: _a, ...rest } = status ?? {}
  return { metadata: { ...metadata, resourceVersion: '', managedFields: [] }, spec, status: rest }
}

function judgeClaim(node: string, request: AdmissionRequest): void {
  if (request.subresource !== 'status') deny(request, 'may only update PVC status')
  if (request.operation !== 'UPDATE') deny(request, `unexpected operation ${JSON.stringify(request.operation)}`)
  const claim = draftOf<PersistentVolumeClaim>(request) as PersistentVolumeClaim
  if (!equal(expanded(claim), expanded(oldOf<PersistentVolumeClaim>(request))))
    deny(
      request,
      `node ${JSON.stringify(node)} is not allowed to update fields other than status.quantity and status.conditions`,
    )
}

function judgeSlice(node: string, request: AdmissionRequest): void {
  if (request.operation === 'UPDATE') return
  const [slice, what] =
    request.operation === 'CREATE'
      ? [draftOf<ResourceSlice>(request), 'create']
      : [oldOf<ResourceSlice>(request), 'delete']
  if (slice.spec?.nodeName !== node)
    deny(request, `can only ${what} ResourceSlice with the same NodeName as the requesting node`)
}

const ofKubelets = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'])

function judgeCsr(node: string, request: AdmissionRequest): void {
  if (request.operation !== 'CREATE') return
  const { signerName, request: csr } = draftOf<CertificateSigningRequest>(request).spec
  if (!ofKubelets.has(signerName)) return
  const wanted = `system:node:${node}`
  try {
    const names = commonNamesOf(csr)
    if (names.length > 0 && names.every(name => name === wanted)) return
  } catch (error) {
    if (!(error instanceof CsrError)) throw error
    deny(request, `unable to parse csr: ${error.message}`)
  }
  deny(request, `can only create a node CSR with CN=${wanted}`)
}
