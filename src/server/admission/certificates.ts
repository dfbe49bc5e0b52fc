/** Approving and signing take a right on the signer itself, besides the one on the request. */
import type { CertificateSigningRequest } from '#kinds/facts/generated/types/certificates_v1.ts'
import type { KObject } from '#api/metadata.ts'
import type { Verb } from '#api/request.ts'
import { equal } from '#base/equal.ts'
import { type Authorizer, verdict } from '#server/authz/authorize.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { organizationsOf } from '#codec/csr.ts'
import { CsrError } from '#codec/der.ts'
import { type Step, deny, draftOf, isResource, oldOf } from './step.ts'

const group = 'certificates.k8s.io'

/** `domain/name`, or every signer of the domain. */
const namesOf = (signer: string): readonly string[] => [signer, `${signer.split('/')[0] ?? ''}/*`]

interface Wanted {
  readonly verb: Verb
  readonly signer: string
  readonly refused: (signer: string) => string
}

async function check(
  authorizers: readonly Authorizer[],
  request: AdmissionRequest,
  { verb, signer, refused }: Wanted,
): Promise<void> {
  const { user, version } = request.permit
  const asked = { resourceRequest: true, group, version, resource: 'signers', subresource: '', namespace: '' }
  for (const name of namesOf(signer))
    if ((await verdict(authorizers, user, { ...asked, verb, name })).opinion === 'allow') return
  deny(request, refused(JSON.stringify(signer)))
}

const ofRequest = (request: AdmissionRequest, verb: Verb): Wanted => ({
  verb,
  signer: oldOf<CertificateSigningRequest>(request).spec.signerName,
  refused: signer => `user not permitted to ${verb} requests with signerName ${signer}`,
})

const of = (request: AdmissionRequest, subresource: string): boolean =>
  request.operation === 'UPDATE' &&
  request.subresource === subresource &&
  isResource(request, group, 'certificatesigningrequests')

const changed = (request: AdmissionRequest): boolean => {
  const [old, now] = [
    oldOf<CertificateSigningRequest>(request).status,
    draftOf<CertificateSigningRequest>(request).status,
  ]
  return old?.certificate !== now?.certificate || !equal(old?.conditions ?? [], now?.conditions ?? [])
}

/** Whoever can get a certificate for this group needs no rights any more. */
const masters = 'system:masters'
const clientSigner = 'kubernetes.io/kube-apiserver-client'

const subjectRestriction: Step = {
  name: 'CertificateSubjectRestriction',
  handles: request =>
    request.operation === 'CREATE' &&
    request.subresource === '' &&
    isResource(request, group, 'certificatesigningrequests'),
  judge: request => {
    const { signerName, request: csr } = draftOf<CertificateSigningRequest>(request).spec
    if (signerName !== clientSigner) return
    try {
      if (!organizationsOf(csr).includes(masters)) return
    } catch (error) {
      if (!(error instanceof CsrError)) throw error
      deny(request, `failed to parse CSR: ${error.message}`)
    }
    deny(request, `use of ${clientSigner} signer with ${masters} group is not allowed`)
  },
}

interface TrustBundle extends KObject {
  readonly spec?: { readonly signerName?: string }
}

/** Only owner references and finalizers differ: the garbage collector's business. */
const onlyCollected = ({ object, old }: AdmissionRequest): boolean =>
  object !== undefined &&
  old !== undefined &&
  equal(
    { ...object, metadata: { ...object.metadata, ownerReferences: [], finalizers: [], resourceVersion: '' } },
    { ...old, metadata: { ...old.metadata, ownerReferences: [], finalizers: [], resourceVersion: '' } },
  )

const trustBundles = (authorizers: readonly Authorizer[]): Step => ({
  name: 'ClusterTrustBundleAttest',
  handles: request =>
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    isResource(request, group, 'clustertrustbundles'),
  judge: request => {
    const signer = draftOf<TrustBundle>(request).spec?.signerName ?? ''
    if (signer === '' || onlyCollected(request)) return undefined
    const refused = (name: string): string => `user not permitted to attest for signerName ${name}`
    return check(authorizers, request, { verb: 'attest', signer, refused })
  },
})

export const certificateSteps = (authorizers: readonly Authorizer[]): readonly Step[] => [
  {
    name: 'CertificateApproval',
    handles: request => of(request, 'approval'),
    judge: request => check(authorizers, request, ofRequest(request, 'approve')),
  },
  {
    name: 'CertificateSigning',
    handles: request => of(request, 'status'),
    judge: request => (changed(request) ? check(authorizers, request, ofRequest(request, 'sign')) : undefined),
  },
  trustBundles(authorizers),
  subjectRestriction,
]
