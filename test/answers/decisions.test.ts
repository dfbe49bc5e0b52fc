/** Refusals carry a number; whoever may ask learns by it who refused, why, and what would allow it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Bulwark, decisions, whoCanReviews } from '#kinds/facts/bulwark.ts'
import {
  namespaces,
  pods,
  resourceQuotas,
  serviceAccounts,
  roleBindings,
  roles,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '#kinds/facts/generated/refs.ts'
import { StatusError, decisionCause } from '#api/status.ts'
import type { Client } from '#client/client.ts'
import { type Target, startTarget } from '../api/https.ts'

let target: Target
let client: Client
before(async () => {
  target = await startTarget()
  client = target.cluster.client
  for (const name of ['team', 'other'])
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {} })
  await client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'team' },
  })
})
after(() => target.stop())

interface Refused {
  readonly code: number
  readonly message: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
}
const numbersIn = ({ details }: Refused): readonly string[] =>
  (details?.causes ?? []).flatMap(one => (one.reason === decisionCause ? [one.message ?? ''] : []))

/** As somebody else, over the wire. */
async function as(user: string, path: string, method = 'GET', body?: object): Promise<Refused> {
  const { text } = await target.send(path, {
    method,
    headers: { 'impersonate-user': user, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return JSON.parse(text) as Refused
}

async function decisionOf(refused: Refused): Promise<Bulwark['Decision']> {
  const [number = '', ...more] = numbersIn(refused)
  assert.deepEqual(more, [])
  assert.match(number, /^[0-9a-f]{12}$/)
  return client.get(decisions, number)
}

const pod = (name: string, rest: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'team' },
  spec: { containers: [{ name: 'c', image: 'i', ...rest }] },
})

test('a missing right: upstream’s message, who asked for what, the rules that came near, the least that allows it', async () => {
  await client.create(roles, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reader', namespace: 'team' },
    rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }],
  })
  await client.create(roleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'ann-reads', namespace: 'team' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
  })
  const refused = await as('ann', '/api/v1/namespaces/team/pods/web', 'DELETE')
  assert.equal(refused.code, 403)
  assert.equal(
    refused.message,
    'pods "web" is forbidden: User "ann" cannot delete resource "pods" in API group "" in the namespace "team"',
  )
  const { spec, status } = await decisionOf(refused)
  assert.deepEqual(
    [spec?.username, spec?.verb, spec?.resource, spec?.namespace, spec?.name],
    ['ann', 'delete', 'pods', 'team', 'web'],
  )
  assert.equal(status?.message, refused.message)
  assert.equal(status?.by, 'authorization')
  assert.equal(status?.allowedNow, false)
  assert.deepEqual(status?.near, [
    {
      binding: { kind: 'RoleBinding', namespace: 'team', name: 'ann-reads' },
      role: { kind: 'Role', namespace: 'team', name: 'reader' },
      rule: 0,
      fails: 'verb',
    },
  ])
  const { role, binding } = status?.grant ?? assert.fail()
  await client.create(roles, role as never)
  await client.create(roleBindings, binding as never)
  const after_ = await as('ann', '/api/v1/namespaces/team/pods/web', 'DELETE')
  assert.equal(after_.code, 404)
  assert.deepEqual(numbersIn(after_), [])
  const other = await as('ann', '/api/v1/namespaces/team/pods/db', 'DELETE')
  assert.equal(other.code, 403)
  assert.equal((await decisionOf(refused)).status?.allowedNow, true)
})

test('the right that is missing may be another than the one that was asked for first', async () => {
  const metadata = { name: 'updater', namespace: 'other' }
  await client.create(roles, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata,
    rules: [{ verbs: ['update'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'] }],
  })
  await client.create(roleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'updater' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
  })
  const refused = await as('eve', '/apis/rbac.authorization.k8s.io/v1/namespaces/other/roles/x', 'PUT', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'x' },
    rules: [],
  })
  const { spec, status } = await decisionOf(refused)
  assert.equal(spec?.verb, 'update')
  assert.match(
    status?.grant?.commands[0] ?? '',
    /--verb=create --resource=roles\.rbac\.authorization\.k8s\.io -n other$/,
  )
})

test('plugins, policies and quotas say by which object and line', async () => {
  const privileged = pod('p', { securityContext: { privileged: true } })
  const { text } = await target.send('/api/v1/namespaces/team/pods', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(privileged),
  })
  const { status } = await decisionOf(JSON.parse(text) as Refused)
  assert.equal(status?.by, 'PodSecurity')
  assert.deepEqual(status?.object, { kind: 'Namespace', name: 'team' })
  assert.match(status?.line ?? '', /enforce: baseline:latest/)
  assert.match(status?.fix ?? '', /privileged/)

  await client.create(validatingAdmissionPolicies, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'named' },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
      },
      validations: [{ expression: 'true' }, { expression: "object.metadata.name.startsWith('ok')" }],
    },
  })
  await client.create(validatingAdmissionPolicyBindings, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'named' },
    spec: { policyName: 'named', validationActions: ['Deny'] },
  })
  const denied = await client.create(pods, pod('bad') as never).catch((error: unknown) => error)
  assert.ok(denied instanceof StatusError)
  assert.equal(denied.code, 422)
  const policy = await decisionOf(denied.status() as Refused)
  assert.equal(policy.status?.by, 'ValidatingAdmissionPolicy')
  assert.deepEqual(policy.status?.object, { kind: 'ValidatingAdmissionPolicy', name: 'named' })
  assert.equal(policy.status?.line, "spec.validations[1].expression: object.metadata.name.startsWith('ok')")

  const quotas = await client.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'none', namespace: 'team' },
    spec: { hard: { pods: '0' } },
  })
  await client.updateStatus(resourceQuotas, { ...quotas, status: { hard: { pods: '0' }, used: { pods: '0' } } })
  const over = await client.create(pods, pod('ok') as never).catch((error: unknown) => error)
  assert.ok(over instanceof StatusError)
  const quota = await decisionOf(over.status() as Refused)
  assert.equal(quota.status?.by, 'ResourceQuota')
  assert.deepEqual(quota.status?.object, { kind: 'ResourceQuota', namespace: 'team', name: 'none' })
})

test('only whoever holds the right may ask, a 401 has no number, and what is no refusal has none', async () => {
  const refused = await as('mallory', '/api/v1/secrets')
  const [number = ''] = numbersIn(refused)
  const asked = await as('mallory', `/apis/bulwark.dev/v1alpha1/decisions/${number}`)
  assert.equal(asked.code, 403)
  assert.equal((await as('mallory', '/apis/bulwark.dev/v1alpha1/decisions')).code, 403)
  const unknown = await target.send('/api/v1/secrets', { nobody: true })
  assert.equal(unknown.code, 401)
  assert.ok(!unknown.text.includes('decision'))
  const missing = await target.send('/apis/bulwark.dev/v1alpha1/decisions/000000000000')
  assert.equal(missing.code, 404)
  assert.ok(!missing.text.includes(decisionCause))
  const invalid = await target.send('/api/v1/namespaces/team/configmaps', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'Not A Name' } }),
  })
  assert.equal(invalid.code, 422)
  assert.ok(!invalid.text.includes(decisionCause))
  const { items } = await client.list(decisions, {})
  assert.ok(items.some(one => one.metadata.name === number))
})

test('who can, over the API', async () => {
  const review = await client.create(whoCanReviews, {
    apiVersion: 'bulwark.dev/v1alpha1',
    kind: 'WhoCanReview',
    metadata: {},
    spec: { resourceAttributes: { verb: 'delete', resource: 'pods', namespace: 'team', name: 'web' } },
  })
  const ann = review.status?.subjects.find(one => one.subject.name === 'ann')
  assert.equal(ann?.path.length, 1)
  assert.equal(ann?.path[0]?.grants[0]?.binding.name, 'delete-pods')
  assert.ok(review.status?.subjects.some(one => one.subject.name === 'system:masters'))
  const mallory = await as('mallory', '/apis/bulwark.dev/v1alpha1/whocanreviews', 'POST', {
    apiVersion: 'bulwark.dev/v1alpha1',
    kind: 'WhoCanReview',
    spec: { resourceAttributes: { verb: 'get', resource: 'secrets' } },
  })
  assert.equal(mallory.code, 403)
  await assert.rejects(
    client.create(whoCanReviews, {
      apiVersion: 'bulwark.dev/v1alpha1',
      kind: 'WhoCanReview',
      metadata: {},
      spec: {},
    }),
    /exactly one of/,
  )
})
