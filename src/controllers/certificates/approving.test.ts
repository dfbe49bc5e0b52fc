import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Asked, Decision } from '#client/controller.ts'
import { makeClient } from '#client/client.ts'
import { makeFakeApi } from '#client/fake.ts'
import { makeFakeClock } from '#client/fake-clock.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { alternative } from '#codec/csr-samples.ts'
import { certificateSigningRequests } from '#kinds/facts/generated/refs.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'
import { certificateApproving } from './approving.ts'
import { judged, requestFor, signingRequest } from './samples.ts'

interface Outcome {
  /** Message of the approval. */
  readonly approved: string
  /** Subresources that were asked about, in order. */
  readonly reviews: readonly string[]
  readonly users: readonly unknown[]
  readonly again: number | undefined
  readonly decision: Decision<{ readonly wait: number }>
}

/** Decides to the end. @param allowed subresources that whoever asked may create */
async function decided(
  request: Request,
  allowed: readonly string[],
  memory?: { readonly wait: number },
): Promise<Outcome> {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  await makeClient(api.transport).create(certificateSigningRequests, request)
  const reviews: string[] = []
  const users: unknown[] = []
  const reviewer = makeClient(asking => {
    assert.ok(asking.verb === 'create' && asking.resource === 'subjectaccessreviews')
    const { spec } = asking.body as unknown as {
      spec: { resourceAttributes: { subresource: string; verb: string }; user: string; groups: string[] }
    }
    const { subresource, verb } = spec.resourceAttributes
    assert.equal(verb, 'create')
    reviews.push(subresource)
    users.push([spec.user, spec.groups])
    const object = { ...asking.body, status: { allowed: allowed.includes(subresource) } }
    return Promise.resolve({ type: 'object', code: 201, object })
  })
  const asked: Asked = { has: () => false, get: () => undefined, list: () => undefined }
  const input = { now: clock.now(), read: fakeReader(api), memory, asked, refused: [] }
  for (;;) {
    const decision = certificateApproving.decide('a', input)
    for (const ask of decision.ask ?? []) if ('later' in ask) await ask.later(reviewer)
    if (decision.ask !== undefined) continue
    const [write] = decision.writes.flat()
    const body = write?.op === 'update' && write.subresource === 'approval' ? (write.body as Request) : undefined
    const condition = body?.status?.conditions?.at(-1)
    if (condition !== undefined)
      assert.deepEqual([condition.type, condition.status, condition.reason], ['Approved', 'True', 'AutoApproved'])
    return { approved: condition?.message ?? '', reviews, users, again: decision.again, decision }
  }
}

const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet'
const spec = {
  signerName: kubelet,
  usages: ['client auth', 'digital signature'],
  request: requestFor({ name: 'system:node:n1', groups: ['system:nodes'] }),
  username: 'system:node:n1',
  groups: ['system:nodes', 'system:authenticated'],
} as const
const own = 'Auto approving self kubelet client certificate after SubjectAccessReview.'
const any = 'Auto approving kubelet client certificate after SubjectAccessReview.'

test('a node renews its own certificate, whoever joins gets one, where they may', async () => {
  const self = await decided(signingRequest('a', spec), ['selfnodeclient'])
  assert.deepEqual([self.approved, self.reviews], [own, ['selfnodeclient']])
  assert.deepEqual(self.users, [['system:node:n1', ['system:nodes', 'system:authenticated']]])
  const both = await decided(signingRequest('a', spec), ['nodeclient'])
  assert.deepEqual([both.approved, both.reviews], [any, ['selfnodeclient', 'nodeclient']])
  const joining = signingRequest('a', { ...spec, username: 'system:bootstrap:abcdef' })
  const joined = await decided(joining, ['nodeclient'])
  assert.deepEqual([joined.approved, joined.reviews], [any, ['nodeclient']])
})

test("the right to one's own certificate gives none of another node's", async () => {
  const other = await decided(signingRequest('a', { ...spec, username: 'system:node:n2' }), ['selfnodeclient'])
  assert.deepEqual([other.approved, other.reviews], ['', ['nodeclient']])
})

test('whoever may not is asked about again, less and less often', async () => {
  const first = await decided(signingRequest('a', spec), [])
  assert.deepEqual([first.approved, first.again], ['', 200])
  assert.equal((await decided(signingRequest('a', spec), [], { wait: 200 })).again, 400)
  assert.equal((await decided(signingRequest('a', spec), [], { wait: 900_000 })).again, 1_000_000)
})

test('nothing else is approved by itself, and nothing twice', async () => {
  const all = ['nodeclient', 'selfnodeclient']
  const subject = { name: 'system:node:n1', groups: ['system:nodes'] }
  const others: readonly Request[] = [
    signingRequest('a', {
      ...spec,
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['server auth', 'digital signature'],
      request: requestFor({ ...subject, alternatives: [[alternative.dns, 'n1']] }),
    }),
    signingRequest('a', { ...spec, signerName: 'kubernetes.io/kube-apiserver-client' }),
    signingRequest('a', { ...spec, request: requestFor({ ...subject, groups: ['system:nodes', 'system:masters'] }) }),
    signingRequest('a', {
      ...spec,
      request: requestFor({ ...subject, more: [['550403', Buffer.from('0c016e', 'hex')]] }),
    }),
    signingRequest('a', { ...spec, usages: ['client auth', 'digital signature', 'server auth'] }),
    signingRequest('a', { ...spec, request: 'nonsense' }),
    signingRequest('a', spec, [judged('Approved')]),
    signingRequest('a', spec, [judged('Denied')]),
  ]
  for (const request of others) {
    const { decision, reviews } = await decided(request, all)
    assert.deepEqual([decision.writes, reviews, decision.again], [[], [], undefined])
  }
})
