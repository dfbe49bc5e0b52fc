/** What webhooks deny and change: config maps, pods, custom objects, definitions, streams. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { skip } from '../tools/clients.ts'
import type { Api, Json } from './api.ts'
import { type Definition, define, definitionsPath, nameOf, pluralOf } from './definitions.ts'
import { type Hooks, type Space, only, openHooks, rule } from './hooks.ts'
import { type Session, openSession } from './session.ts'

let session: Session
let api: Api
let hooks: Hooks
before(async () => {
  session = await openSession(1)
  api = session.api
  hooks = await openHooks(api)
})
after(async () => {
  await hooks.stop()
  await session.stop()
})

const unwanted = { 'webhook-e2e-test': 'webhook-disallow' }

/** @throws AssertionError unless a request is refused with these words. */
async function denied(words: RegExp, method: string, path: string, body?: object): Promise<void> {
  const headers = method === 'PATCH' ? { 'content-type': 'application/strategic-merge-patch+json' } : {}
  const { status, json } = await api.call(method, path, { headers, ...(body === undefined ? {} : { body }) })
  assert.ok(status >= 400, `${method} ${path} was let through`)
  assert.match(json.message, words)
}

const pod = (name: string, container: string, labels: object = {}): object => ({
  metadata: { name, labels },
  spec: { containers: [{ name: container, image: 'pause:1' }] },
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny pod and configmap creation', async () => {
  const space = await hooks.space()
  const exempted = {
    ...only(space),
    matchExpressions: [{ key: 'skip-webhook-admission', operator: 'NotIn', values: ['yes'] }],
  }
  await hooks.register('validating', space, [
    hooks.hook(space, '/pods', { rules: [rule({ resources: ['pods'] })], timeoutSeconds: 1 }),
    hooks.hook(space, '/configmaps', {
      rules: [rule({ operations: ['CREATE', 'UPDATE', 'DELETE'] })],
      namespaceSelector: exempted,
    }),
    hooks.hook(space, '/configmaps', {
      name: 'fail-open.k8s.io',
      failurePolicy: 'Ignore',
      clientConfig: { ...hooks.client('/configmaps'), caBundle: null },
    }),
  ])
  const disallowed = pod('disallowed-pod', 'webhook-disallow', unwanted)
  await denied(
    /the pod contains unwanted container name.*the pod contains unwanted label/,
    'POST',
    space.pods,
    disallowed,
  )
  const hanging = pod('hanging-pod', 'wait-forever', { 'webhook-e2e-test': 'wait-forever' })
  await denied(/webhook.*deadline/, 'POST', space.pods, hanging)
  await api.refused(404, 'GET', `${space.pods}/hanging-pod`)

  const words = /the configmap contains unwanted key and value/
  const bad = { metadata: { name: 'disallowed-configmap' }, data: unwanted }
  await denied(words, 'POST', space.maps, bad)
  const allowed = await api.create(space.maps, { metadata: { name: 'allowed-configmap' }, data: { admit: 'this' } })
  const path = `${space.maps}/allowed-configmap`
  await denied(words, 'PUT', path, { ...allowed, data: { ...allowed.data, ...unwanted } })
  await denied(words, 'PATCH', path, { data: unwanted })
  const free = await api.namespace({ 'skip-webhook-admission': 'yes', [space.label]: 'true' })
  await api.create(`/api/v1/namespaces/${free}/configmaps`, bad)
})

test(
  '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny attaching pod',
  { skip },
  async () => {
    const space = await hooks.space()
    const rules = [rule({ operations: ['CONNECT'], resources: ['pods/attach'] })]
    await hooks.register('validating', space, [hooks.hook(space, '/pods/attach', { rules })])
    await api.create(space.pods, pod('to-be-attached-pod', 'container1'))
    await api.until(
      'it runs',
      () => api.get(`${space.pods}/to-be-attached-pod`),
      ({ status }) => status.phase === 'Running',
    )
    const args = ['attach', `--namespace=${space.name}`, 'to-be-attached-pod', '-i', '-c=container1']
    const { code, stderr } = await session.ran(args)
    assert.notEqual(code, 0)
    assert.match(stderr, /attaching to pod 'to-be-attached-pod' is not allowed/)
  },
)

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should unconditionally reject operations on fail closed webhook', async () => {
  const space = await hooks.space()
  await hooks.register('validating', space, [
    hooks.hook(space, '/configmaps', {
      failurePolicy: 'Fail',
      clientConfig: { ...hooks.client('/configmaps'), caBundle: null },
      namespaceSelector: {
        ...only(space),
        matchExpressions: [{ key: 'fail-closed-webhook', operator: 'In', values: ['yes'] }],
      },
    }),
  ])
  const closed = await api.namespace({ 'fail-closed-webhook': 'yes', [space.label]: 'true' })
  const maps = `/api/v1/namespaces/${closed}/configmaps`
  const { reason } = await api.refused(500, 'POST', maps, { metadata: { name: 'foo' } })
  assert.equal(reason, 'InternalError')
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should honor timeout', async () => {
  // At the same time, since none has to do with the others.
  const [late, ignored, longer, usual] = await Promise.all(
    [
      { failurePolicy: 'Fail', timeoutSeconds: 1 },
      { failurePolicy: 'Ignore', timeoutSeconds: 1 },
      { failurePolicy: 'Fail', timeoutSeconds: 10 },
      { failurePolicy: 'Fail' },
    ].map(async more => {
      const space = await hooks.space()
      const { webhooks } = await hooks.register('validating', space, [hooks.hook(space, '/always-allow-slowly', more)])
      const body = { metadata: { name: 'e2e-test-slow-webhook-configmap' } }
      return { reply: await api.call('POST', space.maps, { body }), seconds: webhooks[0].timeoutSeconds }
    }),
  )
  assert.match(late?.reply.json.message, /\/always-allow-slowly\?timeout=1s.*(context deadline exceeded|timeout)/)
  assert.deepEqual(
    [late, ignored, longer, usual].map(one => one?.reply.status === 201),
    [false, true, true, true],
  )
  assert.equal(usual?.seconds, 10)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should deny crd creation', async () => {
  const space = await hooks.space()
  const crds = { apiGroups: ['apiextensions.k8s.io'], apiVersions: ['*'], resources: ['customresourcedefinitions'] }
  const scoped = { rules: [rule(crds)], namespaceSelector: {}, objectSelector: only(space) }
  await hooks.register('validating', space, [hooks.hook(space, '/crd', scoped)])
  const labels = { [space.label]: 'true', ...unwanted }
  await assert.rejects(define(api, { ...kindOf(space), labels }), /the crd contains unwanted label/)
})

const kindOf = ({ label }: Space): Definition => ({
  group: `${label}.example.com`,
  kind: 'E2eTestWebhookCrd',
  namespaced: true,
})

interface Custom {
  readonly space: Space
  readonly definition: Definition
  /** Of its objects in the space, by version. */
  path(version: string): string
  /** A rule for all of its versions. */
  rule(operations: readonly string[]): object
  object(name: string, data: object): object
}

async function custom(more: Partial<Definition> = {}): Promise<Custom> {
  const space = await hooks.space()
  const definition = { ...kindOf(space), ...more }
  await define(api, definition)
  const { group, kind, versions: apiVersions = ['v1'] } = definition
  const resource = pluralOf(definition)
  return {
    space,
    definition,
    path: version => `/apis/${group}/${version}/namespaces/${space.name}/${resource}`,
    rule: operations => rule({ operations, apiGroups: [group], apiVersions, resources: [resource] }),
    object: (name, data) => ({ apiVersion: `${group}/v1`, kind, metadata: { name }, data }),
  }
}

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny custom resource creation, update and deletion', async () => {
  const one = await custom()
  const rules = [one.rule(['CREATE', 'UPDATE', 'DELETE'])]
  await hooks.register('validating', one.space, [hooks.hook(one.space, '/custom-resource', { rules })])
  const objects = one.path('v1')
  await denied(/the custom resource contains unwanted data/, 'POST', objects, one.object('cr-instance-1', unwanted))
  const fixed = { 'webhook-e2e-test': 'webhook-nondeletable' }
  const made = await api.create(objects, one.object('cr-instance-2', fixed))
  const path = `${objects}/cr-instance-2`
  await denied(/the custom resource contains unwanted data/, 'PUT', path, { ...made, data: unwanted })
  await denied(/the custom resource cannot be deleted because it contains unwanted key and value/, 'DELETE', path)
  await api.update(path, { ...made, data: { 'webhook-e2e-test': 'webhook-allow' } })
  await api.delete(path)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate configmap', async () => {
  const space = await hooks.space()
  await hooks.register('mutating', space, [
    hooks.hook(space, '/mutating-configmaps'),
    hooks.hook(space, '/mutating-configmaps', { name: 'second-stage.k8s.io' }),
  ])
  const body = { metadata: { name: 'to-be-mutated' }, data: { 'mutation-start': 'yes' } }
  const { data } = await api.create(space.maps, body)
  assert.deepEqual(data, { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' })
})

test("[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate everything except 'skip-me' configmaps", async () => {
  const space = await hooks.space()
  const matchConditions = [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }]
  await hooks.register('mutating', space, [hooks.hook(space, '/mutating-configmaps', { matchConditions })])
  const create = async (name: string): Promise<Json> =>
    (await api.create(space.maps, { metadata: { name }, data: { 'mutation-start': 'yes' } })).data
  assert.deepEqual(await create('another'), { 'mutation-start': 'yes', 'mutation-stage-1': 'yes' })
  assert.deepEqual(await create('skip-me'), { 'mutation-start': 'yes' })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate pod and apply defaults after mutation', async () => {
  const space = await hooks.space()
  const rules = [rule({ resources: ['pods'] })]
  await hooks.register('mutating', space, [hooks.hook(space, '/mutating-pods', { rules })])
  const { spec } = await api.create(space.pods, pod('webhook-to-be-mutated', 'example'))
  assert.deepEqual(
    spec.initContainers.map(({ name, terminationMessagePolicy }: Json) => [name, terminationMessagePolicy]),
    [['webhook-added-init-container', 'File']],
  )
})

/** @returns what the webhooks made of a new object. */
async function mutated(one: Custom): Promise<Json> {
  const path = '/mutating-custom-resource'
  await hooks.register('mutating', one.space, [
    hooks.hook(one.space, path, { rules: [one.rule(['CREATE', 'UPDATE'])] }),
    hooks.hook(one.space, path, { name: 'second-stage.k8s.io', rules: [one.rule(['CREATE'])] }),
  ])
  return (await api.create(one.path('v1'), one.object('cr-instance-1', { 'mutation-start': 'yes' }))).data
}

const all = { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' }

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource', async () => {
  assert.deepEqual(await mutated(await custom()), all)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with pruning', async () => {
  const text = { type: 'string' }
  const data = { type: 'object', properties: { 'mutation-start': text, 'mutation-stage-1': text } }
  const one = await custom({ versions: ['v1', 'v2'], schema: { type: 'object', properties: { data } } })
  assert.deepEqual(await mutated(one), { 'mutation-start': 'yes', 'mutation-stage-1': 'yes' })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with different stored version', async () => {
  const one = await custom({ versions: ['v1', 'v2'] })
  await mutated(one)
  const definition = `${definitionsPath}/${nameOf(one.definition)}`
  const { spec } = await api.get(definition)
  const versions = spec.versions.map((each: Json) => ({ ...each, storage: each.name === 'v2' }))
  await api.patch(definition, { spec: { versions } })
  const patch = [{ op: 'add', path: '/dummy', value: 'test' }]
  const { apiVersion, data, dummy } = await api.patch(`${one.path('v2')}/cr-instance-1`, patch, 'json')
  assert.deepEqual([apiVersion, data, dummy], [`${one.definition.group}/v2`, all, 'test'])
})
