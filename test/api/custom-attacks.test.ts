/** Definitions and objects that mean harm, or are only very large. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { definition, definitions, established, removedAll, schemaOf, widget } from './definitions.ts'
import { type Wire, openWire } from './wire.ts'

let wire: Wire
before(async () => {
  wire = await openWire()
})
after(() => wire.stop())
afterEach(() => removedAll(wire))

const strange = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'valueOf']

/** Parsed, so that `__proto__` is a field like any other. */
const fields = (names: readonly string[], value: object): object =>
  JSON.parse(`{${names.map(name => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`)

test('fields may be called anything', async () => {
  const properties = fields(strange, {
    type: 'object',
    properties: fields(strange, { type: 'integer', default: 7, minimum: 1 }),
  })
  const at = await established(wire, { schema: schemaOf({ type: 'object', properties, required: strange }) })
  const full = fields(strange, {})
  const reply = await wire.call('POST', at, {
    body: `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":${JSON.stringify(full)}}`,
  })
  assert.equal(reply.status, 201, reply.text)
  const inner = JSON.stringify(fields(strange, Object(7))).replaceAll('{}', '7')
  for (const name of strange)
    assert.ok(reply.text.includes(`${JSON.stringify(name)}:${inner}`), `${name} in ${reply.text}`)
  const wrong = await wire.call('POST', at, { body: widget('b', { spec: {} }) })
  for (const name of strange) assert.ok(wrong.json.message.includes(`spec.${name}: Required value`), wrong.text)
  const polluted: object = {}
  assert.equal(Reflect.get(polluted, 'minimum'), undefined)
  const applied = await wire.call('PATCH', `${at}/a?fieldManager=x&force=true`, {
    body: `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":${JSON.stringify(fields(strange, fields(strange, Object(1)))).replaceAll('{}', '3')}}`,
    headers: { 'content-type': 'application/apply-patch+yaml' },
  })
  assert.equal(applied.status, 200, applied.text)
  assert.ok(applied.text.includes('"f:__proto__"'))
  const unknown = await wire.call('POST', at, {
    body: '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"c"},"__proto__":{"x":1},"spec":{}}',
  })
  assert.equal(unknown.status, 422)
})

test('expressions that make others hang are done in linear time', async () => {
  const spec = {
    type: 'object',
    properties: { a: { type: 'string', pattern: '^(a+)+$' }, b: { type: 'string', pattern: '(x+x+)+y' } },
  }
  const at = await established(wire, { schema: schemaOf(spec) })
  const evil = `${'a'.repeat(50_000)}!`
  const reply = await wire.call('POST', at, { body: widget('a', { spec: { a: evil, b: 'x'.repeat(50_000) } }) })
  assert.equal(reply.status, 422)
  const references = await wire.call('POST', definitions, {
    body: definition({ plural: 'others', kind: 'Other', schema: schemaOf({ type: 'string', pattern: '(a)\\1' }) }),
  })
  assert.match(references.json.message, /must be a valid regular expression/)
  const huge = await wire.call('POST', definitions, {
    body: definition({
      plural: 'others',
      kind: 'Other',
      schema: schemaOf({ type: 'string', pattern: '((a{1000}){1000}){1000}' }),
    }),
  })
  assert.equal(huge.status, 422, huge.text)
})

const nested = (depth: number): object =>
  depth === 0 ? { type: 'string', minLength: 2 } : { type: 'object', properties: { a: nested(depth - 1) } }
const value = (depth: number, leaf: string): unknown => (depth === 0 ? leaf : { a: value(depth - 1, leaf) })

test('schemas and objects may be a hundred deep, and not endlessly', async () => {
  const at = await established(wire, { schema: schemaOf(nested(100)) })
  const wrong = await wire.call('POST', at, { body: widget('a', { spec: value(100, 'x') }) })
  assert.match(wrong.json.message, /spec(\.a){100}: Invalid value: "x"/)
  assert.equal((await wire.call('POST', at, { body: widget('a', { spec: value(100, 'xy') }) })).status, 201)
  const open = '{"type":"object","properties":{"a":'.repeat(50_000)
  const body = JSON.stringify(definition({ plural: 'others', kind: 'Other' })).replace(
    /"openAPIV3Schema":\{[^}]*\}/,
    `"openAPIV3Schema":${open}{}${'}}'.repeat(50_000)}`,
  )
  const deep = await wire.call('POST', definitions, { body })
  assert.ok(deep.status >= 400 && deep.status < 500, deep.text.slice(0, 300))
})

test('long lists of allowed values are looked up, not searched', async () => {
  const all = Array.from({ length: 50_000 }, (_, at) => `value-${at}`)
  const at = await established(wire, { schema: schemaOf({ type: 'array', items: { type: 'string', enum: all } }) })
  assert.equal((await wire.call('POST', at, { body: widget('a', { spec: all }) })).status, 201)
  const twice = [...all, 'value-0']
  const schema = schemaOf({ type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' })
  const sets = await established(wire, { plural: 'sets', kind: 'Set', schema })
  const reply = await wire.call('POST', sets, {
    body: { apiVersion: 'example.com/v1', kind: 'Set', metadata: { name: 'a' }, spec: twice },
  })
  assert.match(reply.json.message, /spec\[50000\]: Duplicate value: "value-0"/)
})

/** In the shape of what large projects publish: deep, described, with every kind of rule. */
function large(width: number, depth: number): object {
  const description =
    'What this field means and why anybody would want to set it, at the length that generators are fond of. '.repeat(2)
  if (depth === 0)
    return {
      type: 'object',
      description,
      required: ['name'],
      properties: {
        name: { type: 'string', description, minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' },
        mode: { type: 'string', description, enum: ['Always', 'Never', 'Sometimes'], default: 'Always' },
        amount: { description, anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
        labels: { type: 'object', description, additionalProperties: { type: 'string' } },
      },
    }
  const inner = large(width, depth - 1)
  const names = Array.from({ length: width }, (_, at) => `field${at}`)
  return {
    type: 'object',
    description,
    properties: Object.fromEntries(
      names.map((name, at) => [
        name,
        at % 3 === 0
          ? { type: 'array', description, items: inner, 'x-kubernetes-list-type': 'atomic' }
          : at % 3 === 1
            ? inner
            : { type: 'object', additionalProperties: inner, description },
      ]),
    ),
  }
}

test('definitions of megabytes are served', async () => {
  const schema = schemaOf(large(10, 3))
  const size = JSON.stringify(schema).length
  assert.ok(size > 1_500_000 && size < 2_900_000, String(size))
  const at = await established(wire, { schema })
  const spec = {
    field1: { field1: { field1: { name: 'a' } } },
    field0: [{ field2: { x: { field0: [{ name: 'b', amount: '5%', wrong: 1 }] } } }],
  }
  const reply = await wire.call('POST', at, { body: widget('a', { spec }) })
  assert.equal(reply.status, 201, reply.text)
  assert.deepEqual(reply.json.spec.field0[0].field2.x.field0, [{ name: 'b', amount: '5%', mode: 'Always' }])
  const wrong = await wire.call('POST', at, {
    body: widget('b', { spec: { field1: { field1: { field1: { name: '-' } } } } }),
  })
  assert.match(wrong.json.message, /: spec\.field1\.field1\.field1\.name: Invalid value: "-"/)
  const { json } = await wire.call('GET', '/openapi/v3/apis/example.com/v1')
  assert.ok(json.components.schemas['com.example.v1.Widget'].properties.spec.properties.field9)
})
