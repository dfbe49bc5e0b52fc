import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import {
  anything,
  definition,
  definitions,
  established,
  mergePatch,
  removedAll,
  schemaOf,
  until,
  versionOf,
  widget,
} from './definitions.ts'
import { type Reply, type Wire, openWire } from './wire.ts'

let wire: Wire
before(async () => {
  wire = await openWire()
})
after(() => wire.stop())
afterEach(() => removedAll(wire))

const made = async (at: string, body: object): Promise<Reply['json']> => {
  const reply = await wire.call('POST', at, { body })
  assert.equal(reply.status, 201, reply.text)
  return reply.json
}
const message = async (at: string, body: object): Promise<string> => {
  const reply = await wire.call('POST', at, { body })
  assert.equal(reply.status, 422, reply.text)
  return reply.json.message
}
const patchType = (type: string) => ({ headers: { 'content-type': `application/${type}` } })

const object = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more })
const text = { type: 'string' }
const number = { type: 'integer' }

test('status has its own way to be written, and generation counts the rest', async () => {
  const schema = schemaOf(object({ n: number }), { status: object({ n: { ...number, minimum: 1 } }) })
  const at = await established(wire, { schema, version: { subresources: { status: {} } } })
  const first = await made(at, widget('a', { spec: { n: 1 }, status: { n: 1 } }))
  assert.equal(first.status, undefined)
  assert.equal(first.metadata.generation, 1)
  const patch = async (path: string, body: object) =>
    (await wire.call('PATCH', at + path, { body, headers: mergePatch })).json
  const second = await patch('/a', { spec: { n: 2 }, status: { n: 2 }, metadata: { labels: { a: 'b' } } })
  assert.deepEqual([second.metadata.generation, second.spec, second.status], [2, { n: 2 }, undefined])
  const third = await patch('/a/status', { spec: { n: 3 }, status: { n: 3 }, metadata: { labels: { a: 'c' } } })
  assert.deepEqual(
    [third.metadata.generation, third.spec, third.status, third.metadata.labels],
    [2, { n: 2 }, { n: 3 }, { a: 'b' }],
  )
  assert.equal((await patch('/a', { metadata: { labels: { a: 'd' } } })).metadata.generation, 2)
  const wrong = await patch('/a/status', { status: { n: 0 } })
  assert.equal(
    wrong.message,
    'Widget.example.com "a" is invalid: status.n: Invalid value: 0: n in body should be greater than or equal to 1',
  )
})

test('without a way of its own status is a field like any other', async () => {
  const at = await established(wire)
  const first = await made(at, widget('a', { status: { n: 1 } }))
  assert.deepEqual(first.status, { n: 1 })
  assert.equal((await wire.call('GET', `${at}/a/status`)).status, 404)
  const second = await wire.call('PATCH', `${at}/a`, { body: { status: { n: 2 } }, headers: mergePatch })
  assert.equal(second.json.metadata.generation, 2)
})

test('versions show the same object, each as its schema has it', async () => {
  const v1 = versionOf('v1', schemaOf(object({ a: text, b: text })))
  const v2 = versionOf('v2', schemaOf(object({ a: text, c: { ...text, default: 'c' } })), {
    storage: false,
    deprecated: true,
    additionalPrinterColumns: [{ name: 'C', type: 'string', jsonPath: '.spec.c' }],
  })
  const at = await established(wire, { versions: [v1, v2] })
  const two = at.replace('/v1/', '/v2/')
  await made(at, widget('a', { spec: { a: 'x', b: 'y' } }))
  const shown = await wire.call('GET', `${two}/a`)
  assert.equal(shown.json.apiVersion, 'example.com/v2')
  assert.deepEqual(shown.json.spec, { a: 'x' })
  assert.equal(shown.headers['warning'], '299 - "example.com/v2 Widget is deprecated"')
  const other = await made(two, widget('b', { spec: { a: 'x' } }, 'example.com/v2'))
  assert.deepEqual(other.spec, { a: 'x' }, 'kept in v1, which has no c')
  const mixed = await wire.call('POST', two, { body: widget('c') })
  assert.equal(mixed.status, 400)
  const columns = async (path: string) =>
    (
      await wire.call('GET', path, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
    ).json.columnDefinitions.map((column: { name: string }) => column.name)
  assert.deepEqual(await columns(at), ['Name', 'Age'])
  assert.deepEqual(await columns(two), ['Name', 'C'])
  const discovery = await wire.call('GET', '/apis/example.com')
  assert.equal(discovery.json.preferredVersion.version, 'v2')
})

test('a changed definition shows on objects that are kept, and ends watches', async () => {
  const at = await established(wire, { schema: schemaOf(object({ a: text, gone: text })) })
  await made(at, widget('a', { spec: { a: 'x', gone: 'y' } }))
  const watching = wire.call('GET', `${at}?watch=1&resourceVersion=0`)
  const schema = schemaOf(object({ a: text, fresh: { ...number, default: 5 } }))
  const next = { ...Object(await wire.call('GET', `${definitions}/widgets.example.com`)).json }
  next.spec.versions = [versionOf('v1', schema)]
  assert.equal((await wire.call('PUT', `${definitions}/widgets.example.com`, { body: next })).status, 200)
  assert.deepEqual((await wire.call('GET', `${at}/a`)).json.spec, { a: 'x', fresh: 5 })
  assert.deepEqual((await wire.call('GET', at)).json.items[0].spec, { a: 'x', fresh: 5 })
  const events = (await watching).text.trim().split('\n')
  assert.equal(events.length, 1)
  assert.equal(JSON.parse(events[0] ?? '').object.spec.gone, 'y')
})

test('what stored version objects are kept in may change', async () => {
  const v1 = versionOf('v1', anything)
  const at = await established(wire, { versions: [v1, versionOf('v2', anything, { storage: false, served: false })] })
  await made(at, widget('a', { spec: { n: 1 } }))
  const versions = [versionOf('v1', anything, { storage: false }), versionOf('v2', anything)]
  await wire.call('PATCH', `${definitions}/widgets.example.com`, { body: { spec: { versions } }, headers: mergePatch })
  const two = at.replace('/v1/', '/v2/')
  assert.equal((await wire.call('GET', `${two}/a`)).json.apiVersion, 'example.com/v2')
  assert.equal((await wire.call('GET', `${at}/a`)).json.apiVersion, 'example.com/v1')
  const patched = await wire.call('PATCH', `${at}/a`, { body: { spec: { n: 2 } }, headers: mergePatch })
  assert.equal(patched.status, 200, patched.text)
  assert.equal((await wire.call('GET', `${two}/a`)).json.spec.n, 2)
  const hidden = [versionOf('v1', anything, { storage: false }), versionOf('v2', anything, { served: false })]
  await wire.call('PATCH', `${definitions}/widgets.example.com`, {
    body: { spec: { versions: hidden } },
    headers: mergePatch,
  })
  assert.equal((await wire.call('GET', two)).status, 404)
  assert.equal((await wire.call('GET', `${at}/a`)).json.spec.n, 2)
})

test('patches, applies and their owners', async () => {
  const list = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: object({ k: text, v: number }, { required: ['k'] }),
  }
  const at = await established(wire, { schema: schemaOf(object({ a: number, list })) })
  await made(at, widget('a', { spec: { a: 1, list: [{ k: 'x', v: 1 }] } }))
  const strategic = await wire.call('PATCH', `${at}/a`, { body: {}, ...patchType('strategic-merge-patch+json') })
  assert.equal(strategic.status, 415)
  const ops = [{ op: 'replace', path: '/spec/a', value: 2 }]
  assert.equal((await wire.call('PATCH', `${at}/a`, { body: ops, ...patchType('json-patch+json') })).json.spec.a, 2)
  const apply = (manager: string, spec: object, query = '') =>
    wire.call('PATCH', `${at}/a?fieldManager=${manager}${query}`, {
      body: widget('a', { spec }),
      ...patchType('apply-patch+yaml'),
    })
  const merged = await apply('me', { list: [{ k: 'y', v: 2 }] })
  assert.deepEqual(merged.json.spec.list, [
    { k: 'x', v: 1 },
    { k: 'y', v: 2 },
  ])
  const conflict = await apply('you', { list: [{ k: 'y', v: 3 }] })
  assert.equal(conflict.status, 409)
  assert.match(conflict.json.message, /conflict with "me": \.spec\.list\[k="y"\]\.v/)
  assert.equal((await apply('you', { list: [{ k: 'y', v: 3 }] }, '&force=true')).status, 200)
  const wrong = await apply('you', { list: [{ k: 'y', v: 'x' }] }, '&force=true')
  assert.equal(wrong.status, 422, wrong.text)
  const protobuf = await wire.call('GET', at, { headers: { accept: 'application/vnd.kubernetes.protobuf' } })
  assert.equal(protobuf.status, 406)
})

test('columns, selectable fields and scale read what the definition points at', async () => {
  const schema = schemaOf(object({ size: number, color: text, replicas: number, selector: text }), {
    status: object({ replicas: number, conditions: { type: 'array', items: object({ type: text, status: text }) } }),
  })
  const version = {
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.spec.selector',
      },
    },
    additionalPrinterColumns: [
      { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Wide', type: 'string', jsonPath: '.spec', priority: 1 },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    selectableFields: [{ jsonPath: '.spec.color' }, { jsonPath: '.spec.size' }],
  }
  const at = await established(wire, { schema, version })
  await made(at, widget('a', { spec: { size: 1, color: 'red', replicas: 2, selector: 'a=b' } }))
  await made(at, widget('b', { spec: { size: 2, color: 'blue' } }))
  const conditions = [
    { type: 'Other', status: 'x' },
    { type: 'Ready', status: 'True' },
  ]
  await wire.call('PATCH', `${at}/a/status`, { body: { status: { replicas: 1, conditions } }, headers: mergePatch })
  const table = (await wire.call('GET', at, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }))
    .json
  const [first, second] = table.rows.map((row: { cells: readonly unknown[] }) => row.cells)
  assert.deepEqual(first.slice(0, 3), ['a', 1, 'True'])
  assert.deepEqual(JSON.parse(first[3]), { size: 1, color: 'red', replicas: 2, selector: 'a=b' })
  assert.deepEqual(second.slice(0, 3), ['b', 2, null])
  assert.match(first[4], /^\d+s$/)
  const names = async (selector: string) =>
    (await wire.call('GET', `${at}?fieldSelector=${encodeURIComponent(selector)}`)).json.items?.map(
      (item: Reply['json']) => item.metadata.name,
    )
  assert.deepEqual(await names('spec.color=red'), ['a'])
  assert.deepEqual(await names('spec.size=2'), ['b'])
  assert.deepEqual(await names('spec.color!=red'), ['b'])
  assert.equal(await names('spec.replicas=2'), undefined)
  const scale = await wire.call('GET', `${at}/a/scale`)
  assert.deepEqual([scale.json.spec, scale.json.status], [{ replicas: 2 }, { replicas: 1, selector: 'a=b' }])
  const none = await wire.call('GET', `${at}/b/scale`)
  assert.match(none.json.message, /the spec replicas field "\.spec\.replicas" does not exist/)
  await wire.call('PATCH', `${at}/a/scale`, { body: { spec: { replicas: 5 } }, headers: mergePatch })
  const after = (await wire.call('GET', `${at}/a`)).json
  assert.deepEqual([after.spec.replicas, after.metadata.generation], [5, 2])
  assert.match(
    await message(at, widget('c', { spec: { replicas: -1 } })),
    /\.spec\.replicas: Invalid value: -1: should be a non-negative integer/,
  )
})

test('an apply of what nobody knows is refused, whatever is said of validation', async () => {
  const at = await established(wire, { schema: schemaOf(object({ a: number })) })
  const apply = (spec: string) =>
    wire.call('PATCH', `${at}/a?fieldManager=me&fieldValidation=Ignore`, {
      body: `apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n${spec}`,
      ...patchType('apply-patch+yaml'),
    })
  const unknown = await apply('  b: 1\n')
  assert.equal(
    unknown.json.message,
    'failed to create typed patch object (/a; example.com/v1, Kind=Widget): .spec.b: field not declared in schema',
  )
  assert.match((await apply('  a: 1\n  a: 2\n')).json.message, /line 7: key "a" already set in map/)
})

test('the old OpenAPI says of a custom kind what its clients can read', async () => {
  const list = { type: 'array', description: 'Several.', items: object({ a: text }, { required: ['a'] }) }
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const spec = object({
    list,
    maybe: { ...text, nullable: true },
    open: { ...object({ x: text }), ...open },
    choice: { ...text, anyOf: [{ minLength: 1 }], default: 'x' },
  })
  await established(wire, { schema: { ...schemaOf(spec), description: 'A widget.' } })
  await established(wire, { plural: 'opens', kind: 'Open', schema: open })
  const { json } = await wire.call('GET', '/openapi/v2')
  const { properties, ...rest } = json.definitions['com.example.v1.Widget']
  assert.deepEqual(Object.keys(properties), ['apiVersion', 'kind', 'metadata', 'spec'])
  assert.equal(rest.description, 'A widget.')
  assert.deepEqual(properties.spec, {
    type: 'object',
    properties: {
      list,
      maybe: {},
      open: { 'x-kubernetes-preserve-unknown-fields': true },
      choice: { type: 'string' },
    },
  })
  const { 'x-kubernetes-group-version-kind': _, ...bare } = json.definitions['com.example.v1.Open']
  assert.deepEqual(bare, { type: 'object' })
})

test('a PUT needs a version and creates nothing', async () => {
  const at = await established(wire)
  await made(at, widget('a'))
  const blind = await wire.call('PUT', `${at}/a`, { body: widget('a') })
  assert.equal(blind.status, 422)
  assert.match(blind.json.message, /metadata\.resourceVersion: Invalid value: 0: must be specified for an update/)
  assert.equal((await wire.call('PUT', `${at}/b`, { body: widget('b') })).status, 404)
})

test('discovery and OpenAPI show it at once', async () => {
  const color = { ...text, description: 'What it looks like.' }
  const created = await wire.call('POST', definitions, {
    body: definition({ schema: schemaOf(object({ color })), names: { shortNames: ['wd'], categories: ['all'] } }),
  })
  assert.equal(created.status, 201)
  const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' }
  const found = await until(
    () => wire.call('GET', '/apis', { headers: aggregated }),
    reply => reply.json.items.some((group: Reply['json']) => group.metadata.name === 'example.com'),
  )
  const group = found.json.items.find((one: Reply['json']) => one.metadata.name === 'example.com')
  assert.deepEqual(group.versions[0].resources[0].shortNames, ['wd'])
  const { json } = await wire.call('GET', '/openapi/v3/apis/example.com/v1')
  const shown = json.components.schemas['com.example.v1.Widget']
  assert.equal(shown.properties.spec.properties.color.description, 'What it looks like.')
  assert.ok(json.components.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'])
  const swagger = await wire.call('GET', '/openapi/v2')
  assert.equal(swagger.json.definitions['com.example.v1.Widget'].properties.spec.properties.color.type, 'string')
})

test('scope decides where objects are', async () => {
  const at = await established(wire, { scope: 'Cluster' })
  assert.equal(at, '/apis/example.com/v1/widgets')
  await made(at, widget('a'))
  assert.equal((await wire.call('GET', '/apis/example.com/v1/namespaces/default/widgets')).status, 404)
})

test('objects that are written while their definition changes have its newest defaults', async () => {
  const version = (n: number): object => versionOf('v1', schemaOf(object({ [`d${n}`]: { ...number, default: n } })))
  const at = await established(wire, { versions: [version(0)] })
  const writes = Array.from({ length: 60 }, async (_, index) => {
    await new Promise(resolve => setTimeout(resolve, index % 20))
    const reply = await wire.call('POST', at, { body: widget(`w${index}`, { spec: {} }) })
    assert.equal(reply.status, 201, reply.text)
  })
  for (let n = 1; n <= 10; n++) {
    const body = { spec: { versions: [version(n)] } }
    await wire.call('PATCH', `${definitions}/widgets.example.com`, { body, headers: mergePatch })
  }
  await Promise.all(writes)
  const { items } = (await wire.call('GET', at)).json
  assert.equal(items.length, 60)
  for (const item of items) assert.deepEqual(item.spec, { d10: 10 })
})
