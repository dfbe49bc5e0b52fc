/** Custom kinds: their definitions, their objects, how fields are checked, and discovery. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, assertNewer, openApi } from './api.ts'
import { type Definition, define, definitionsPath, nameOf } from './definitions.ts'

let api: Api
before(async () => {
  api = await openApi()
})
after(() => api.stop())

let groups = 0
const random = (): Definition => ({ group: `group${++groups}.example.com`, kind: 'Noxu' })

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works', async () => {
  const one = random()
  await define(api, one)
  assert.deepEqual(await api.items(`/apis/${one.group}/v1/noxus`), [])
  await api.delete(`${definitionsPath}/${nameOf(one)}`)
  await api.until(
    'it is gone',
    () => api.call('GET', `${definitionsPath}/${nameOf(one)}`),
    ({ status }) => status === 404,
  )
  await api.refused(404, 'GET', `/apis/${one.group}/v1/noxus`)
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition listing custom resource definition objects works', async () => {
  const made = new Map<string, Json>()
  for (let count = 0; count < 10; count++) {
    const one = await define(api, { ...random(), labels: { e2e: 'list' } })
    made.set(one.metadata.name, one)
  }
  const other = await define(api, random())
  const mine = `${definitionsPath}?labelSelector=e2e%3Dlist`
  const listed = await api.items(mine)
  assert.equal(listed.length, 10)
  for (const { metadata, spec } of listed) assert.deepEqual(spec, made.get(metadata.name)?.spec)
  await api.delete(mine)
  await api.until(
    'they are gone',
    () => api.items(mine),
    found => found.length === 0,
  )
  await api.get(`${definitionsPath}/${other.metadata.name}`)
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works', async () => {
  const made = await define(api, random())
  const path = `${definitionsPath}/${made.metadata.name}/status`
  const read = await api.get(path)
  assert.deepEqual(read.spec, made.spec)
  // As Go's clients send it.
  const condition = { type: '', status: '', lastTransitionTime: null, message: 'updated' }
  const updated = await api.update(path, {
    ...read,
    status: { ...read.status, conditions: [...read.status.conditions, condition] },
  })
  assert.ok(updated.status.conditions.some((one: Json) => one.message === 'updated' && one.type === ''))
  const patched = await api.patch(
    path,
    [{ op: 'add', path: '/status/conditions', value: [{ message: 'patched' }] }],
    'json',
  )
  assert.ok(patched.status.conditions.some((one: Json) => one.message === 'patched'))
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources in discovery documents', async () => {
  const group = 'apiextensions.k8s.io'
  const all = await api.get('/apis')
  for (const one of [all.groups.find(({ name }: Json) => name === group), await api.get(`/apis/${group}`)]) {
    assert.equal(one.name, group)
    assert.ok(one.versions.some(({ version }: Json) => version === 'v1'))
  }
  const { groupVersion, resources } = await api.get(`/apis/${group}/v1`)
  assert.equal(groupVersion, `${group}/v1`)
  assert.ok(resources.some(({ name }: Json) => name === 'customresourcedefinitions'))
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] custom resource defaulting for requests and from storage works', async () => {
  const text = { type: 'string' }
  const one = {
    ...random(),
    schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: text, b: text } },
  }
  await define(api, one)
  const objects = `/apis/${one.group}/v1/noxus`
  const create = (name: string): Promise<Json> =>
    api.create(objects, { apiVersion: `${one.group}/v1`, kind: one.kind, metadata: { name } })
  const properties = '/spec/versions/0/schema/openAPIV3Schema/properties'
  const change = (...patch: readonly object[]): Promise<Json> =>
    api.patch(`${definitionsPath}/${nameOf(one)}`, patch, 'json')
  const first = await create('cr-1')
  assert.equal(first.a, undefined)
  await change({ op: 'add', path: `${properties}/a/default`, value: 'A' })
  await api.until(
    'a is A',
    () => api.get(`${objects}/cr-1`),
    ({ a }) => a === 'A',
  )
  const second = await create('cr-2')
  assert.equal(second.a, 'A')
  await change(
    { op: 'remove', path: `${properties}/a/default` },
    { op: 'add', path: `${properties}/b/default`, value: 'B' },
  )
  const read = await api.until(
    'b is B',
    () => api.get(`${objects}/cr-2`),
    ({ b }) => b === 'B',
  )
  assert.equal(read.a, 'A')
  assertNewer(second, first)
})

test('[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects', async () => {
  const one = random()
  await define(api, one)
  const objects = `/apis/${one.group}/v1/noxus`
  const names = ['name1', 'name2'] as const
  const watches = new Map(
    await Promise.all(
      names.map(
        async name =>
          [name, await api.watch(`${objects}?fieldSelector=metadata.name%3D${name}&timeoutSeconds=600`)] as const,
      ),
    ),
  )
  const heard = async (name: (typeof names)[number], type: string): Promise<Json> => {
    const event = await watches.get(name)?.next()
    assert.equal(event?.type, type)
    assert.equal(event.object.metadata.name, name)
    // Only its own watcher hears of it.
    for (const watch of watches.values()) assert.deepEqual(watch.waiting, [])
    return event.object
  }
  for (const name of names) {
    const made = await api.create(objects, { apiVersion: `${one.group}/v1`, kind: one.kind, metadata: { name } })
    assert.deepEqual(await heard(name, 'ADDED'), made)
  }
  for (const name of names) {
    await api.patch(`${objects}/${name}`, [{ op: 'add', path: '/dummy', value: 'test' }], 'json')
    assert.equal((await heard(name, 'MODIFIED')).dummy, 'test')
  }
  for (const name of names) {
    await api.delete(`${objects}/${name}`)
    await heard(name, 'DELETED')
  }
  for (const watch of watches.values()) watch.stop()
})

const number = { type: 'integer', format: 'int32' }
const text = { type: 'string' }
const ports = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
  items: {
    type: 'object',
    required: ['containerPort', 'protocol'],
    properties: { containerPort: number, hostIP: text, hostPort: number, name: text, protocol: text },
  },
}
const cronSpec = { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' }
const schema = (spec: object = {}, properties: object = {}): object => ({
  type: 'object',
  properties: { spec: { type: 'object', ...spec, properties: { foo: text, cronSpec, ports, ...properties } } },
})
const rest = `
  cronSpec: "* * * * */5"
  ports:
  - name: x
    containerPort: 80
    protocol: TCP`

/** Applies an object of a kind with this schema, strictly. @param lines of the object, below its kind. */
async function applied(definition: Partial<Definition>, lines: string): Promise<Json> {
  const one = { ...random(), ...definition }
  await define(api, one)
  return api.call('PATCH', `/apis/${one.group}/v1/noxus/mytest?fieldManager=mgr&fieldValidation=Strict`, {
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: `\napiVersion: ${one.group}/v1\nkind: ${one.kind}\nmetadata:\n  name: mytest\n${lines}${rest}`,
  })
}

test('[sig-api-machinery] FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema', async () => {
  assert.equal((await applied({}, 'spec:\n  unknown: uk1')).status, 201)
})

test('[sig-api-machinery] FieldValidation should create/apply a valid CR for CRD with validation schema', async () => {
  assert.equal((await applied({ schema: schema() }, 'spec:\n  foo: foo1')).status, 201)
})

test('[sig-api-machinery] FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema', async () => {
  const { text: said } = await applied({ schema: schema() }, 'unknownField: unknown\nspec:\n  foo: foo1')
  assert.match(said, /\.unknownField: field not declared in schema/)
})

test('[sig-api-machinery] FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR', async () => {
  const embedded = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    properties: { metadata: { type: 'object', properties: { name: text } }, spec: { type: 'object' } },
  }
  const open = { 'x-kubernetes-preserve-unknown-fields': true }
  const { text: said } = await applied(
    { schema: schema(open, { template: embedded }) },
    '  unknownMeta: unknown\nspec:\n  template:\n    apiversion: foo/v1\n    kind: Sub\n    metadata:\n        unknownSubMeta: unknown\n        name: subobject\n        namespace: e2e\n  foo: foo1',
  )
  assert.match(
    said,
    /\.spec\.template\.metadata\.unknownSubMeta: field not declared in schema|\.metadata\.unknownMeta: field not declared in schema/,
  )
})

test('[sig-api-machinery] FieldValidation should detect duplicates in a CR when preserving unknown fields', async () => {
  const { text: said } = await applied(
    { schema: schema({ 'x-kubernetes-preserve-unknown-fields': true }) },
    'spec:\n  unknown: uk1\n  foo: foo1\n  foo: foo2',
  )
  assert.ok(said.includes('line 9: key \\"foo\\" already set in map'), said)
})

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

async function discovered(accept: string): Promise<void> {
  const one = { ...random(), kind: 'testcrd', namespaced: true }
  await define(api, one)
  const { json } = await api.call('GET', '/apis', { headers: { accept } })
  const group = json.items.find(({ metadata }: Json) => metadata.name === one.group)
  assert.ok(group.versions[0].resources.some(({ resource }: Json) => resource === 'testcrds'))
}

test('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface for CRDs', () =>
  discovered(
    `${aggregated},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`,
  ))

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs', () =>
  discovered(aggregated))
