import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import {
  anything,
  definition,
  definitions,
  established,
  mergePatch,
  removed,
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
afterEach(async () => {
  const { json } = await wire.call('GET', definitions)
  for (const { metadata } of json.items) await removed(wire, metadata.name)
})

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

test('unknown fields go, defaults come, nulls mean nothing where none is allowed', async () => {
  const spec = object({
    size: { ...number, default: 3 },
    color: text,
    maybe: { ...text, nullable: true, default: 'x' },
    nested: object({ on: { type: 'boolean', default: true } }, { default: {} }),
    list: { type: 'array', items: object({ n: { ...number, default: 7 } }) },
    map: { type: 'object', additionalProperties: object({ n: { ...number, default: 8 } }) },
    free: object({ known: object({ a: text }) }, { 'x-kubernetes-preserve-unknown-fields': true }),
    port: { 'x-kubernetes-int-or-string': true },
  })
  const at = await established(wire, { schema: schemaOf(spec) })
  const sent = {
    spec: {
      size: null,
      color: null,
      maybe: null,
      list: [{ extra: 1 }, {}],
      map: { a: { extra: 1 }, b: {} },
      free: { any: { thing: [1] }, known: { a: 'x', b: 1 } },
      port: '80%',
      unknown: 1,
    },
    more: true,
  }
  const reply = await wire.call('POST', at, { body: widget('a', sent) })
  assert.deepEqual(reply.json.spec, {
    size: 3,
    maybe: null,
    nested: { on: true },
    list: [{ n: 7 }, { n: 7 }],
    map: { a: { n: 8 }, b: { n: 8 } },
    free: { any: { thing: [1] }, known: { a: 'x' } },
    port: '80%',
  })
  assert.equal(reply.json.more, undefined)
  assert.match(String(reply.headers['warning']), /unknown field \\"spec\.unknown\\"/)
  const strict = await wire.call('POST', `${at}?fieldValidation=Strict`, { body: widget('b', sent) })
  assert.equal(strict.status, 400)
  for (const path of ['more', 'spec.free.known.b', 'spec.list[0].extra', 'spec.map.a.extra', 'spec.unknown'])
    assert.ok(strict.json.message.includes(`unknown field "${path}"`), `${path} in ${strict.json.message}`)
  const twice = `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"c"},"spec":{"size":1,"size":2}}`
  const doubled = await wire.call('POST', `${at}?fieldValidation=Strict`, { body: twice })
  assert.match(doubled.json.message, /strict decoding error: duplicate field "spec\.size"/)
})

test('values are judged as upstream judges them, in its words', async () => {
  const spec = object(
    {
      count: { ...number, minimum: 1, maximum: 10, multipleOf: 2 },
      more: { type: 'number', exclusiveMinimum: true, minimum: 0 },
      name: { ...text, minLength: 2, maxLength: 4, pattern: '^[a-z]+$' },
      when: { ...text, format: 'date-time' },
      list: { type: 'array', items: text, minItems: 1, maxItems: 2 },
      map: { type: 'object', additionalProperties: number, maxProperties: 1 },
      set: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
      keyed: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: object({ k: text }, { required: ['k'] }),
      },
      port: { 'x-kubernetes-int-or-string': true },
      one: object({ a: text, b: text }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
      any: { ...text, anyOf: [{ pattern: '^a' }, { pattern: 'z$' }] },
      not: { ...text, not: { enum: ['x'] } },
    },
    { required: ['count'] },
  )
  const at = await established(wire, { schema: schemaOf(spec) })
  const table: readonly (readonly [object, string])[] = [
    [{}, 'spec.count: Required value'],
    [{ count: 0 }, 'spec.count: Invalid value: 0: spec.count in body should be greater than or equal to 1'],
    [{ count: 12 }, 'spec.count: Invalid value: 12: spec.count in body should be less than or equal to 10'],
    [{ count: 3 }, 'spec.count: Invalid value: 3: spec.count in body should be a multiple of 2'],
    [{ count: 'x' }, 'spec.count: Invalid value: "string": spec.count in body must be of type integer: "string"'],
    [
      { count: 2.5 },
      '[spec.count: Invalid value: "number": spec.count in body must be of type integer: "number", spec.count: Invalid value: 2.5: spec.count in body should be a multiple of 2]',
    ],
    [{ count: 2, more: 0 }, 'spec.more: Invalid value: 0: spec.more in body should be greater than 0'],
    [{ count: 2, name: 'a' }, 'spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long'],
    [{ count: 2, name: 'abcde' }, 'spec.name: Too long: may not be more than 4 bytes'],
    [{ count: 2, name: 'AB' }, `spec.name: Invalid value: "AB": spec.name in body should match '^[a-z]+$'`],
    [{ count: 2, when: 'now' }, 'spec.when: Invalid value: "now": spec.when in body must be of type date-time: "now"'],
    [{ count: 2, list: [] }, 'spec.list: Invalid value: []: spec.list in body should have at least 1 items'],
    [{ count: 2, list: ['a', 'b', 'c'] }, 'spec.list: Too many: 3: must have at most 2 items'],
    [
      { count: 2, list: [1] },
      'spec.list[0]: Invalid value: "integer": spec.list[0] in body must be of type string: "integer"',
    ],
    [{ count: 2, map: { a: 1, b: 2 } }, 'spec.map: Too many: 2: must have at most 1 item'],
    [
      { count: 2, map: { a: 'x' } },
      'spec.map.a: Invalid value: "string": spec.map.a in body must be of type integer: "string"',
    ],
    [{ count: 2, set: ['a', 'b', 'a'] }, 'spec.set[2]: Duplicate value: "a"'],
    [{ count: 2, keyed: [{ k: 'a' }, { k: 'a' }] }, 'spec.keyed[1]: Duplicate value: {"k":"a"}'],
    [
      { count: 2, port: true },
      'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
    ],
    [
      { count: 2, one: {} },
      '[<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid, spec.one.a: Required value]',
    ],
    [
      { count: 2, one: { a: 'x', b: 'x' } },
      '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
    [
      { count: 2, any: 'no' },
      `[<nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf), spec.any: Invalid value: "no": spec.any in body should match '^a']`,
    ],
    [{ count: 2, not: 'x' }, '<nil>: Invalid value: "": "spec.not" must not validate the schema (not)'],
  ]
  for (const [wrong, expected] of table)
    assert.equal(await message(at, widget('a', { spec: wrong })), `Widget.example.com "a" is invalid: ${expected}`)
  const right = {
    count: 2,
    more: 0.5,
    name: 'abcd',
    when: '2026-01-02T03:04:05Z',
    list: ['a'],
    map: { a: 1 },
    set: ['a', 'b'],
    port: 80,
    one: { b: 'x' },
    any: 'xyz',
    not: 'y',
  }
  await made(at, widget('right', { spec: right }))
})

test('what was wrong before and is left alone stays', async () => {
  const at = await established(wire, {
    schema: schemaOf(object({ a: number, b: number, set: { type: 'array', items: text } })),
  })
  await made(at, widget('old', { spec: { a: 100, b: 1, set: ['x', 'x'] } }))
  const tighter = object({
    a: { ...number, maximum: 10 },
    b: { ...number, maximum: 10 },
    set: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
  })
  const body = { spec: { versions: [versionOf('v1', schemaOf(tighter))] } }
  assert.equal(
    (await wire.call('PATCH', `${definitions}/widgets.example.com`, { body, headers: mergePatch })).status,
    200,
  )
  const patch = (spec: object) => wire.call('PATCH', `${at}/old`, { body: { spec }, headers: mergePatch })
  assert.equal((await patch({ b: 2 })).status, 200)
  assert.match(
    (await patch({ b: 11 })).json.message,
    /: spec\.b: Invalid value: 11: spec\.b in body should be less than or equal to 10$/,
  )
  assert.match((await patch({ a: 99 })).json.message, /spec\.a: Invalid value: 99/)
  assert.equal((await patch({ a: 9 })).status, 200)
})

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

test('embedded objects have metadata like everybody', async () => {
  const template = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    'x-kubernetes-preserve-unknown-fields': true,
  }
  const at = await established(wire, { schema: schemaOf(object({ template })) })
  const pod = (more: object) => ({ spec: { template: { apiVersion: 'v1', kind: 'Pod', spec: { any: 1 }, ...more } } })
  const kept = await made(at, widget('a', pod({ metadata: { name: 'p', labels: { a: 'b' }, nonsense: 1 } })))
  assert.deepEqual(kept.spec.template, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { a: 'b' } },
    spec: { any: 1 },
  })
  assert.match(
    await message(at, widget('b', { spec: { template: { kind: 'Pod' } } })),
    /spec\.template\.apiVersion: Required value$/,
  )
  assert.match(
    await message(at, widget('b', pod({ metadata: { labels: { a: '-' } } }))),
    /spec\.template\.metadata\.labels: Invalid value: "-"/,
  )
  assert.equal((await wire.call('POST', at, { body: widget('c', pod({ metadata: { labels: 1 } })) })).status, 400)
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
  const start = Date.now()
  assert.equal(created.status, 201)
  const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' }
  const found = await until(
    () => wire.call('GET', '/apis', { headers: aggregated }),
    reply => reply.json.items.some((group: Reply['json']) => group.metadata.name === 'example.com'),
  )
  assert.ok(Date.now() - start < 2000)
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
