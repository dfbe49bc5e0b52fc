/** Approves certificates of kubelets as clients, where whoever asks may have them. Nothing else is approved by itself. */
import { certificateSigningRequests, subjectAccessReviews } from '#kinds/facts/generated/refs.ts'
import type { SubjectAccessReview } from '#kinds/facts/generated/types/authorization_v1.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'
import { type Controller, type Decision, type Input, type Write, nothing, selfKey } from '#client/controller.ts'
import { Later } from '#client/later.ts'
import { stamp } from '../conditions.ts'
import { reading, rule } from '../rules.ts'
import { isIssued, isJudged, readRequest } from './requests.ts'
import { kubeletClient, signingProblem } from './signers.ts'

interface Recognized {
  /** Whoever may create it may have such a certificate. */
  readonly subresource: 'nodeclient' | 'selfnodeclient'
  readonly message: string
}

const own: Recognized = {
  subresource: 'selfnodeclient',
  message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
}
const any: Recognized = {
  subresource: 'nodeclient',
  message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
}

/** What it may be approved as, what needs the smaller right first. */
function recognized(request: Request): readonly Recognized[] {
  const { signerName, usages = [], username } = request.spec
  if (signerName !== kubeletClient) return []
  const names = readRequest(request)
  if (typeof names === 'string' || signingProblem(signerName, names, new Set(usages)) !== undefined) return []
  return username === names.commonNames[0] ? [own, any] : [any]
}

const group = 'certificates.k8s.io'

function reviewOf({ spec }: Request, subresource: string): SubjectAccessReview {
  const { username = '', groups = [], uid, extra } = spec
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user: username,
      groups,
      ...(uid === undefined ? {} : { uid }),
      ...(extra === undefined ? {} : { extra }),
      resourceAttributes: { group, resource: 'certificatesigningrequests', subresource, verb: 'create' },
    },
  }
}

function approve(request: Request, message: string, now: number): Write {
  const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message, lastUpdateTime: stamp(now) }
  const conditions = [...(request.status?.conditions ?? []), condition]
  const body: Request = { ...request, status: { ...request.status, conditions } }
  return {
    op: 'update',
    ref: certificateSigningRequests,
    body,
    subresource: 'approval',
    harmless: ['NotFound'],
  }
}

/** Milliseconds: rights may come after the request. */
const first = 200
const last = 1_000_000

interface Memory {
  readonly wait: number
}

type Reviews = Later<SubjectAccessReview, boolean>

function decide(key: string, { read, asked, now, memory }: Input<Memory>, reviews: Reviews): Decision<Memory> {
  const request = read.get(certificateSigningRequests, key)
  if (request === undefined || isIssued(request) || isJudged(request)) return nothing
  const candidates = recognized(request)
  if (candidates.length === 0) return nothing
  for (const { subresource, message } of candidates) {
    // Another request may stand under the same name by now.
    const id = `${request.metadata.uid ?? ''} ${subresource}`
    const allowed = reviews.answer(asked, id)
    if (allowed === undefined) return { writes: [], ask: [reviews.ask(asked, id, reviewOf(request, subresource))] }
    if (allowed) return { writes: [[approve(request, message, now)]] }
  }
  const wait = Math.min(last, (memory?.wait ?? first / 2) * 2)
  return { writes: [], memory: { wait }, again: wait }
}

const reviews: Reviews = new Later(async (review, client) => {
  const { status } = await client.create(subjectAccessReviews, review)
  return status?.allowed === true
})

export const certificateApproving: Controller<Memory> = {
  name: 'certificatesigningrequest-approving-controller',
  watches: [{ ref: certificateSigningRequests, keys: selfKey }],
  rules: [
    rule(group, ['certificatesigningrequests'], reading),
    rule(group, ['certificatesigningrequests/approval'], ['update']),
    { ...rule(group, ['signers'], ['approve']), resourceNames: [kubeletClient] },
    rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
  ],
  decide: (key, input) => decide(key, input, reviews),
}
