/** Tokens, reviews, signing requests: who somebody is and what they may. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, openApi } from './api.ts'
import { groupSamples } from './samples-groups.ts'

let api: Api
let name = ''
before(async () => {
  api = await openApi()
  name = await api.namespace()
})
after(() => api.stop())

test('[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview', async () => {
  const path = `/api/v1/namespaces/${name}/serviceaccounts`
  await api.create(path, { metadata: { name: 'e2e-sa' } })
  const { status } = await api.create(`${path}/e2e-sa/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    // As Go's clients send it.
    spec: { audiences: null, expirationSeconds: null, boundObjectRef: null },
    status: { token: '', expirationTimestamp: null },
  })
  assert.ok(status.token.length > 0)
  const review = await api.create('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: status.token },
  })
  assert.equal(review.status.authenticated, true)
  assert.equal(review.status.error ?? '', '')
  assert.equal(review.status.user.username, `system:serviceaccount:${name}:e2e-sa`)
})

test('[sig-auth] SubjectReview should support SubjectReview API operations', async () => {
  const { metadata } = await api.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'e2e' } })
  const user = `system:serviceaccount:${name}:e2e`
  const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${name}`]
  const configMaps = `/api/v1/namespaces/${name}/configmaps`
  const headers = { 'impersonate-user': user, 'impersonate-uid': metadata.uid, 'impersonate-group': groups }
  const spec = {
    resourceAttributes: { verb: 'list', resource: 'configmaps', namespace: name, version: 'v1' },
    user,
    groups,
    uid: metadata.uid,
  }
  const at = '/apis/authorization.k8s.io/v1'
  const type = { apiVersion: 'authorization.k8s.io/v1' }
  const agree = async (code: number): Promise<void> => {
    assert.equal((await api.call('GET', configMaps, { headers })).status, code)
    const global = await api.create(`${at}/subjectaccessreviews`, { ...type, kind: 'SubjectAccessReview', spec })
    const local = await api.create(`${at}/namespaces/${name}/localsubjectaccessreviews`, {
      ...type,
      kind: 'LocalSubjectAccessReview',
      metadata: { namespace: name },
      spec,
    })
    for (const { status } of [global, local]) assert.equal(status.allowed, code === 200)
  }
  await agree(403)
  await api.create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${name}/rolebindings`, {
    metadata: { name: 'e2e' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name: 'e2e', namespace: name }],
  })
  await agree(200)
})

test('[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations', async () => {
  const sample = groupSamples.find(({ kind }) => kind === 'CertificateSigningRequest')
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const { resources } = await api.get('/apis/certificates.k8s.io/v1')
  for (const part of ['approval', 'status'])
    assert.ok(resources.some((one: { name: string }) => one.name === `certificatesigningrequests/${part}`))
  const metadata = { name: 'e2e-approval' }
  const made = await api.create(path, { ...sample?.object(''), metadata })
  const [found] = await api.items(`${path}?fieldSelector=spec.signerName%3Dexample.com/e2e-test`)
  assert.equal(found.metadata.uid, made.metadata.uid)
  const approval = `${path}/${metadata.name}/approval`
  const read = await api.get(approval)
  assert.equal(read.kind, 'CertificateSigningRequest')
  assert.equal(read.metadata.uid, made.metadata.uid)
  const patched = await api.patch(approval, {
    metadata: { annotations: { patchedapproval: 'true' } },
    status: { conditions: [{ type: 'ApprovalPatch', status: 'True', reason: 'e2e' }] },
  })
  assert.equal(patched.status.conditions.length, 1)
  assert.equal(patched.metadata.annotations.patchedapproval, 'true')
  const approved = { type: 'Approved', status: 'True', reason: 'E2E', message: 'Set from an e2e test' }
  const updated = await api.update(approval, {
    ...patched,
    status: { conditions: [...patched.status.conditions, approved] },
  })
  assert.deepEqual(
    updated.status.conditions.map((one: { type: string }) => one.type),
    ['ApprovalPatch', 'Approved'],
  )
  // Who signs does not judge, and a judgement stands.
  const { status } = updated
  for (const conditions of [[...status.conditions, { ...approved, type: 'Denied' }], []])
    await api.refused(422, 'PUT', `${path}/${metadata.name}/status`, { ...updated, status: { conditions } })
  await api.refused(409, 'PUT', approval, patched)
  await api.refused(422, 'PATCH', approval, { status: { conditions: [] } })
  await api.delete(`${path}?fieldSelector=spec.signerName%3Dexample.com/e2e-test`)
  assert.deepEqual(await api.items(`${path}?fieldSelector=spec.signerName%3Dexample.com/e2e-test`), [])
})

const pod = (runtimeClassName: string): object => ({
  metadata: { generateName: 'test-runtimeclass-' },
  spec: {
    runtimeClassName,
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    containers: [{ name: 'test', image: 'busybox' }],
  },
})
const refusesPod = async (runtimeClassName: string): Promise<void> => {
  const { reason, message } = await api.refused(403, 'POST', `/api/v1/namespaces/${name}/pods`, pod(runtimeClassName))
  assert.equal(reason, 'Forbidden')
  assert.match(message, new RegExp(`pod rejected: RuntimeClass "${runtimeClassName}" not found`))
}

test('[sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass [NodeConformance]', async () => {
  await api.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } })
  await refusesPod('nonexistent')
})

test('[sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass [NodeConformance]', async () => {
  const path = '/apis/node.k8s.io/v1/runtimeclasses'
  await api.create(path, { metadata: { name: 'delete-me' }, handler: 'runc' })
  await api.create(`/api/v1/namespaces/${name}/pods`, pod('delete-me'))
  await api.delete(`${path}/delete-me`)
  await api.refused(404, 'GET', `${path}/delete-me`)
  await refusesPod('delete-me')
})
