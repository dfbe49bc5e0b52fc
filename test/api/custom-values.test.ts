import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { definitions, established, mergePatch, removedAll, schemaOf, versionOf, widget } from './definitions.ts'
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
