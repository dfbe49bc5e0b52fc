/** Config maps, secrets, namespaces, events, classes and the fields of typed objects. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, assertNewer, openApi } from './api.ts'

let api: Api
let ns = ''
before(async () => {
  api = await openApi()
  ns = `/api/v1/namespaces/${await api.namespace()}`
})
after(() => api.stop())

test('[sig-node] ConfigMap should fail to create ConfigMap with empty key', async () => {
  const { reason } = await api.refused(422, 'POST', `${ns}/configmaps`, {
    metadata: { name: 'e' },
    data: { '': 'value-1' },
  })
  assert.equal(reason, 'Invalid')
})

test('[sig-node] Secrets should fail to create secret due to empty secret key', async () => {
  const { reason } = await api.refused(422, 'POST', `${ns}/secrets`, {
    metadata: { name: 'e' },
    data: { '': 'dmFsdWU=' },
  })
  assert.equal(reason, 'Invalid')
})

test('[sig-node] ConfigMap should update ConfigMap successfully [NodeConformance]', async () => {
  const metadata = { name: 'update' }
  await api.create(`${ns}/configmaps`, { metadata, data: { 'data-1': 'value-1', 'data-2': 'value-2' } })
  await api.update(`${ns}/configmaps/update`, { metadata, data: { data: 'value' } })
  assert.deepEqual((await api.get(`${ns}/configmaps/update`)).data, { data: 'value' })
})

async function immutable(path: string, value: (text: string) => string): Promise<void> {
  const own = `${path}/immutable`
  const made = await api.create(path, { metadata: { name: 'immutable' }, data: { 'data-1': value('1') } })
  const open = await api.update(own, { ...made, data: { ...made.data, 'data-4': value('4') } })
  const closed = await api.update(own, { ...open, immutable: true })
  const refused = [
    { ...closed, data: { ...closed.data, 'data-5': value('5') } },
    { ...closed, immutable: false },
  ]
  for (const body of refused) assert.equal((await api.refused(422, 'PUT', own, body)).reason, 'Invalid')
  assert.deepEqual(await api.get(own), closed)
  await api.update(own, { ...closed, metadata: { ...closed.metadata, labels: { label1: 'value1' } } })
  await api.delete(own)
}

test('[sig-storage] ConfigMap should be immutable if `immutable` field is set', () =>
  immutable(`${ns}/configmaps`, text => text))

test('[sig-storage] Secrets should be immutable if `immutable` field is set', () =>
  immutable(`${ns}/secrets`, text => Buffer.from(text).toString('base64')))

test('[sig-api-machinery] Namespaces [Serial] should patch a Namespace', async () => {
  const path = `/api/v1/namespaces/${await api.namespace()}`
  const before = await api.get(path)
  const patched = await api.patch(path, { metadata: { labels: { testLabel: 'testValue' } } }, 'strategic')
  assertNewer(patched, before)
  assert.equal((await api.get(path)).metadata.labels.testLabel, 'testValue')
})

test('[sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace', async () => {
  const path = `/api/v1/namespaces/${await api.namespace()}`
  const { metadata, ...rest } = await api.get(path)
  const updated = await api.update(path, {
    ...rest,
    metadata: { ...metadata, labels: { ...metadata.labels, e2e: 'updated' } },
  })
  assert.equal(updated.metadata.labels.e2e, 'updated')
})

test('[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status', async () => {
  const path = `/api/v1/namespaces/${await api.namespace()}/status`
  const read = await api.get(path)
  assert.equal(read.status.phase, 'Active')
  const condition = {
    type: 'StatusPatch',
    status: 'True',
    reason: 'E2E',
    message: 'Patched by an e2e test',
    lastTransitionTime: null,
  }
  const patched = await api.patch(path, {
    metadata: { annotations: { patched: 'yes' } },
    status: { conditions: [condition] },
  })
  assert.equal(patched.metadata.annotations.patched, 'yes')
  assert.equal(patched.status.conditions.at(-1).message, 'Patched by an e2e test')
  const conditions = [
    ...patched.status.conditions,
    { ...condition, type: 'StatusUpdate', message: 'Updated by an e2e test' },
  ]
  const updated = await api.update(path, { ...patched, status: { ...patched.status, conditions } })
  assert.equal(updated.status.conditions.length, 2)
  assert.equal(updated.status.conditions.at(-1).message, 'Updated by an e2e test')
})

test('[sig-api-machinery] Namespaces [Serial] should apply a finalizer to a Namespace', async () => {
  const path = `/api/v1/namespaces/${await api.namespace()}`
  const finalizer = 'e2e.example.com/fakeFinalizer'
  const { spec, ...rest } = await api.get(path)
  const held = await api.update(`${path}/finalize`, { ...rest, spec: { finalizers: [...spec.finalizers, finalizer] } })
  assert.ok(held.spec.finalizers.includes(finalizer))
  const freed = await api.update(`${path}/finalize`, { ...held, spec })
  assert.deepEqual(freed.spec.finalizers, spec.finalizers)
})

const deployment = (metadata: string, spec: string): string => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": { "name": "my-dep", ${metadata} "labels": { "app": "nginx" } },
  "spec": {
    ${spec} "selector": { "matchLabels": { "app": "nginx" } },
    "template": {
      "metadata": { "labels": { "app": "nginx" } },
      "spec": { "containers": [{ "name": "nginx", "image": "nginx:latest" }] }
    }
  }
}`
const strictly = (body: string): Promise<Json> =>
  api
    .call(
      'POST',
      `/apis/apps/v1/namespaces/${ns.split('/').at(-1)}/deployments?fieldManager=mgr&fieldValidation=Strict`,
      { body },
    )
    .then(({ status, json }) => {
      assert.equal(status, 400)
      return json.message
    })

test('[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object', async () => {
  assert.match(
    await strictly(deployment('', '"unknownField": "foo", "replicas": 2, "replicas": 3,')),
    /strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"/,
  )
})

test('[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object', async () => {
  assert.match(
    await strictly(deployment('"unknownMeta": "foo",', '')),
    /strict decoding error: unknown field "metadata.unknownMeta"/,
  )
})

/** Without what the server sets at every write. */
const withoutVersion = ({ metadata, ...rest }: Json): Json => ({
  ...rest,
  metadata: { ...metadata, resourceVersion: '', managedFields: [] },
})

test('[sig-instrumentation] Events should manage the lifecycle of an event', async () => {
  const namespace = ns.split('/').at(-1)
  await api.create(`${ns}/events`, {
    metadata: { name: 'event-test', labels: { constant: 'true' } },
    message: 'This is a test event',
    reason: 'Test',
    type: 'Normal',
    count: 1,
    involvedObject: { namespace },
  })
  const listed = await api.items('/api/v1/events?labelSelector=constant%3Dtrue')
  assert.equal(listed.length, 1)
  await api.patch(`${ns}/events/event-test`, { message: 'This is a test event - patched' }, 'strategic')
  const read = await api.get(`${ns}/events/event-test`)
  assert.equal(read.message, 'This is a test event - patched')
  const changed = withoutVersion({ ...read, series: { count: 100, lastObservedTime: '2017-09-19T13:49:16.000000Z' } })
  await api.update(`${ns}/events/event-test`, changed)
  assert.deepEqual(withoutVersion(await api.get(`${ns}/events/event-test`)), changed)
  await api.delete(`${ns}/events/event-test`)
  assert.deepEqual(await api.items('/api/v1/events?labelSelector=constant%3Dtrue'), [])
})

test('[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed', async () => {
  const namespace = ns.split('/').at(-1)
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
  await api.create(path, {
    metadata: { name: 'event-test', labels: { 'testevent-constant': 'true' } },
    regarding: { namespace },
    eventTime: '2017-09-19T13:49:16.000000Z',
    note: 'This is event-test',
    action: 'Do',
    reason: 'Test',
    type: 'Normal',
    reportingController: 'test-controller',
    reportingInstance: 'test-node',
  })
  const names = (items: readonly Json[]): readonly string[] => items.map(one => one.metadata.name)
  assert.ok(names(await api.items('/apis/events.k8s.io/v1/events')).includes('event-test'))
  assert.ok(names(await api.items(path)).includes('event-test'))
  assert.deepEqual(names(await api.items(`${ns}/events?fieldSelector=source%3Dtest-controller`)), ['event-test'])
  assert.deepEqual(names(await api.items(`${path}?fieldSelector=reportingController%3Dtest-controller`)), [
    'event-test',
  ])
  const read = await api.get(`${path}/event-test`)
  const series = { count: 2, lastObservedTime: '2017-09-19T13:49:11.000000Z' }
  const patched = await api.patch(`${path}/event-test`, { series }, 'strategic')
  assertNewer(patched, read)
  assert.deepEqual(withoutVersion(patched), withoutVersion({ ...read, series }))
  const later = { ...patched, series: { count: 100, lastObservedTime: '2017-09-19T13:49:16.000000Z' } }
  await api.update(`${path}/event-test`, later)
  assert.deepEqual(withoutVersion(await api.get(`${path}/event-test`)), withoutVersion(later))
  await api.delete(`${path}/event-test`)
  assert.ok(!names(await api.items('/apis/events.k8s.io/v1/events')).includes('event-test'))
  assert.ok(!names(await api.items(path)).includes('event-test'))
})
