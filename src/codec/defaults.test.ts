import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Field, Schema } from '#api/schema.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { applyDefaults } from './defaults.ts'
import { pruneUnknown } from './prune.ts'

const object = (
  fields: Readonly<Record<string, Schema | [Schema, Field['default']]>>,
  more: Partial<Schema> = {},
): Schema => ({
  type: 'object',
  fields: new Map(
    Object.entries(fields).map(([name, given]) => {
      const [schema, value] = Array.isArray(given) ? given : [given, undefined]
      return [name, { name, schema, ...(value === undefined ? {} : { default: value }) }]
    }),
  ),
  ...more,
})
const text: Schema = { type: 'string' }

test('declared defaults of built-in kinds', () => {
  const pod = { spec: { containers: [{ ports: [{ containerPort: 1 }, { containerPort: 2, protocol: 'UDP' }] }] } }
  assert.ok(applyDefaults(typeSchema('core_v1.Pod'), pod))
  assert.deepEqual(pod.spec.containers[0]?.ports, [
    { containerPort: 1, protocol: 'TCP' },
    { containerPort: 2, protocol: 'UDP' },
  ])
  assert.ok(!applyDefaults(typeSchema('core_v1.Pod'), pod), 'a second time nothing is missing')
  assert.ok(!applyDefaults(typeSchema('core_v1.ConfigMap'), { data: {} }))
})

test('defaults of custom resources: nested, nulls, maps, copies', () => {
  const inner = object({ a: [text, 'x'], n: [{ type: 'string', nullable: true }, 'y'] })
  const schema = object({
    whole: [inner, {}],
    list: { type: 'array', items: inner },
    map: { type: 'object', values: inner },
    proto: object({ ['__proto__']: [text, 'z'] }),
  })
  const one = { list: [{ a: null, n: null }], map: { k: {} }, proto: {} }
  applyDefaults(schema, one)
  assert.deepEqual(one, {
    whole: { a: 'x', n: 'y' },
    list: [{ a: 'x', n: null }],
    map: { k: { a: 'x', n: 'y' } },
    proto: JSON.parse('{"__proto__":"z"}'),
  })
  const two: { whole?: unknown } = {}
  applyDefaults(schema, two)
  assert.notEqual(two.whole, (one as { whole?: unknown }).whole)
})

test('pruning keeps what the schema knows or preserves', () => {
  const schema = object({
    spec: object({
      a: text,
      free: object({ k: text }, { preserveUnknown: true }),
      list: { type: 'array', items: object({ b: text }) },
    }),
    embedded: object({ spec: object({ c: text }) }, { embedded: true }),
    map: { type: 'object', values: object({ d: text }) },
  })
  const value = JSON.parse(
    '{"apiVersion":"x/v1","kind":"X","metadata":{"name":"n"},"zip":1,"__proto__":{},' +
      '"spec":{"a":"1","b":2,"free":{"any":{"thing":1}},"list":[{"b":"1","x":2}]},' +
      '"embedded":{"apiVersion":"v1","kind":"Y","metadata":{},"other":1,"spec":{"c":"1","d":2}},"map":{"k":{"d":"1","e":2}}}',
  )
  assert.deepEqual(pruneUnknown(schema, value), [
    'zip',
    '__proto__',
    'spec.b',
    'spec.list[0].x',
    'embedded.other',
    'embedded.spec.d',
    'map.k.e',
  ])
  assert.deepEqual(value, {
    apiVersion: 'x/v1',
    kind: 'X',
    metadata: { name: 'n' },
    spec: { a: '1', free: { any: { thing: 1 } }, list: [{ b: '1' }] },
    embedded: { apiVersion: 'v1', kind: 'Y', metadata: {}, spec: { c: '1' } },
    map: { k: { d: '1' } },
  })
})
