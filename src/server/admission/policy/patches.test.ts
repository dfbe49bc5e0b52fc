import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kind, Served } from '#api/kind.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Field, Schema } from '#api/schema.ts'
import { PolicyCompiler } from '#codec/cel/policy.ts'
import { type Value, isError } from '#codec/cel/values.ts'
import { PolicyFailure } from './matching.ts'
import { applyConfiguration, applyPatch } from './patches.ts'

const text: Schema = { type: 'string' }
const fields = (all: Readonly<Record<string, Schema>>): ReadonlyMap<string, Field> =>
  new Map(Object.entries(all).map(([name, schema]) => [name, { name, schema }]))
const item: Schema = { type: 'object', fields: fields({ name: text, args: { type: 'array', items: text }, on: text }) }
const schema: Schema = {
  type: 'object',
  fields: fields({
    apiVersion: text,
    kind: text,
    metadata: { type: 'object', fields: fields({ labels: { type: 'object', values: text } }) },
    list: { type: 'array', listType: 'map', listMapKeys: ['name'], items: item },
    set: { type: 'array', listType: 'set', items: text },
    whole: { type: 'object', mapType: 'atomic', fields: fields({ a: text }) },
    free: { type: 'object', fields: new Map(), preserveUnknown: true },
  }),
}
const version = { name: 'v1', schema: () => schema }
const served: Served = { kind: { group: 'g', kind: 'Thing' } as Kind, version }
const configure = (content: unknown): Draft<KObject> => content as Draft<KObject>
const object = { apiVersion: 'g/v1', kind: 'Thing', metadata: {}, list: [{ name: 'a', on: 'x' }], set: ['p'] }

function valueOf(source: string): Value {
  const compiled = new PolicyCompiler({ params: false, composed: false }).compile(source, { patches: true })
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error)
  const { value } = compiled.program.evaluate(new Map())
  assert.ok(!isError(value), isError(value) ? value.message : '')
  return value
}
const applied = (source: string): unknown => applyConfiguration(valueOf(source), { object, served, configure })
const patched = (source: string): unknown => applyPatch(valueOf(source), { object, served, configure })
const failure = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof PolicyFailure) return error.message
    throw error
  }
  return 'none'
}

test('a configuration is merged; nothing of the result is shared', () => {
  const result = applied(
    'Object{metadata: Object.metadata{labels: {"k": "v"}}, list: [Object.list{name: "b"}, Object.list{name: "a", on: "y"}], set: ["q", "p"]}',
  )
  assert.deepEqual(result, {
    apiVersion: 'g/v1',
    kind: 'Thing',
    metadata: { labels: { k: 'v' } },
    list: [
      { name: 'b' },
      { name: 'a', on: 'y' },
    ],
    set: ['q', 'p'],
  }) // prettier-ignore
  assert.equal(object.list.length, 1)
  assert.notEqual(Reflect.get(Object(result), 'list'), object.list)
})

test('what is replaced as a whole may not be part of a configuration', () => {
  const refused = (source: string): string => failure(() => applied(source))
  const words = 'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: '
  assert.equal(refused('Object{whole: Object.whole{a: "x"}}'), `${words}.whole`)
  assert.equal(refused('Object{list: [Object.list{name: "a", args: ["x"]}]}'), `${words}.list[0].args`)
  assert.equal(refused('Object{free: Object.free{any: [1]}}'), `${words}.free.any`)
  assert.match(refused('Object{list: [Object.list{on: "x"}]}'), /^error applying patch: .*omits all key fields/)
})

test('objects are called after the fields that lead to them', () => {
  assert.equal(
    failure(() => applied('Object{metadata: Object.other{}, list: [Object.item{name: "b"}]}')),
    'type mismatch: unexpected type name "Object.other", expected "Object.metadata", which matches field name path from root Object type\nunexpected type name "Object.item", expected "Object.list", which matches field name path from root Object type',
  )
  // In a patch a value may begin anywhere.
  assert.equal(
    failure(() => patched('[JSONPatch{op: "add", path: "/whole", value: Object.whole{a: Object.b{}}}]')),
    'type mismatch: unexpected type name "Object.b", expected "Object.whole.a", which matches field name path from root Object type',
  )
})

test('patches: values of all kinds, a test that fails, what does not fit', () => {
  assert.deepEqual(
    patched('[JSONPatch{op: "add", path: "/free", value: {"n": [dyn(1), dyn(2.5), dyn(null)]}}, JSONPatch{op: "remove", path: "/list"}, JSONPatch{op: "copy", from: "/set/0", path: "/set/-"}, JSONPatch{op: "replace", path: "/kind", value: null}]'), // prettier-ignore
    { apiVersion: 'g/v1', kind: null, metadata: {}, set: ['p', 'p'], free: { n: [1, 2.5, null] } },
  )
  const test = '[JSONPatch{op: "remove", path: "/list"}, JSONPatch{op: "test", path: "/kind", value: "Other"}]'
  assert.equal(patched(test), object)
  for (const wrong of [
    'op: "remove", path: "/none"',
    'op: "jump", path: "/kind"',
    'op: "add", path: "kind", value: 1',
    'op: "add", path: "/x"',
    'path: "/kind"',
  ])
    // prettier-ignore
    assert.match(
      failure(() => patched(`[JSONPatch{${wrong}}]`)),
      /^JSON Patch: /,
    )
  assert.match(
    failure(() => patched('[JSONPatch{op: "add", path: "/a", value: 1.0 / 0.0}]')),
    /not finite/,
  )
})
