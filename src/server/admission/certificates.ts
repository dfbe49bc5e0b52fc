/** Approving and signing take a right on the signer itself, besides the one on the request. */
import type { CertificateSigningRequest } from '#kinds/facts/generated/types/certificates_v1.ts'
import type { Verb } from '#api/request.ts'
import { forbidden } from '#api/status.ts'
import { equal } from '#base/equal.ts'
import { type Authorizer, verdict } from '#server/authz/authorize.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, draftOf, isResource, oldOf, subjectOf } from './step.ts'

const group = 'certificates.k8s.io'

/** `domain/name`, or every signer of the domain. */
const namesOf = (signer: string): readonly string[] => [signer, `${signer.split('/')[0] ?? ''}/*`]

async function check(authorizers: readonly Authorizer[], request: AdmissionRequest, verb: Verb): Promise<void> {
  const signer = oldOf<CertificateSigningRequest>(request).spec.signerName
  const { user, version } = request.permit
  const asked = { resourceRequest: true, group, version, resource: 'signers', subresource: '', namespace: '' }
  for (const name of namesOf(signer))
    if ((await verdict(authorizers, user, { ...asked, verb, name })).opinion === 'allow') return
  throw forbidden(
    subjectOf(request),
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`,
  )
}

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

export const certificateSteps = (authorizers: readonly Authorizer[]): readonly Step[] => [
  {
    name: 'CertificateApproval',
    handles: request => of(request, 'approval'),
    judge: request => check(authorizers, request, 'approve'),
  },
  {
    name: 'CertificateSigning',
    handles: request => of(request, 'status'),
    judge: request => (changed(request) ? check(authorizers, request, 'sign') : undefined),
  },
]
