import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { Field, Schema } from '#api/schema.ts'
import type { Served } from '#api/kind.ts'
import type { KObject } from '#api/metadata.ts'
import { applied } from './apply.ts'
import { compare } from './compare.ts'
import { createdText } from './created.ts'
import { readSet, setText } from './fieldsV1.ts'
import { mergedConfig } from './merge.ts'
import { difference, intersection, isEmptySet, sameSet, union } from './set.ts'
import { shapeOf } from './shape.ts'
import { ownedSet, wholeSet } from './whole.ts'

const text: Schema = { type: 'string' }
const fields = (schemas: Readonly<Record<string, Schema>>): ReadonlyMap<string, Field> =>
  new Map(Object.entries(schemas).map(([name, schema]) => [name, { name, schema }]))

const spec: Schema = {
  type: 'object',
  fields: fields({
    text,
    number: { type: 'integer' },
    labels: { type: 'object', values: text },
    atomic: { type: 'object', values: text, mapType: 'atomic' },
    set: { type: 'array', items: text, listType: 'set' },
    plain: { type: 'array', items: text },
    list: {
      type: 'array',
      listType: 'map',
      listMapKeys: ['name', 'port'],
      items: {
        type: 'object',
        fields: fields({
          name: text,
          port: { type: 'integer' },
          value: text,
          labels: { type: 'object', values: text },
        }),
      },
    },
    any: { type: 'any', preserveUnknown: true, nullable: true },
  }),
}
const root: Schema = { type: 'object', fields: fields({ spec }) }
const shape = shapeOf(root)

const name = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'x"y', 'é')
const labels = fc.dictionary(name, fc.constantFrom('', 'x', 'y'), { maxKeys: 3, noNullPrototype: true })
const item = fc.record(
  { name, port: fc.integer({ min: 1, max: 12 }), value: fc.constantFrom('x', 'y'), labels },
  { requiredKeys: ['name', 'port'], noNullPrototype: true },
)
const object = fc.record({
  spec: fc.record(
    {
      text: fc.constantFrom('x', 'y'),
      number: fc.integer({ min: 0, max: 2 }),
      labels,
      atomic: labels,
      set: fc.uniqueArray(name, { maxLength: 4 }),
      plain: fc.array(name, { maxLength: 2 }),
      list: fc.uniqueArray(item, { maxLength: 4, selector: ({ name: key, port }) => `${key} ${port}` }),
      any: fc.oneof(labels, fc.array(name, { maxLength: 2 }), fc.boolean(), fc.constant(null)),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
})

const version = { name: 'v1', schema: (): Schema => root }
const served: Served = {
  version,
  kind: {
    group: 'example.com',
    kind: 'Thing',
    listKind: 'ThingList',
    plural: 'things',
    singular: 'thing',
    shortNames: [],
    categories: [],
    scope: 'Namespaced',
    versions: [version],
    hub: 'v1',
    verbs: [],
    generation: 0,
    status: false,
    counted: true,
    unconditionalUpdate: false,
    createOnUpdate: false,
    custom: true,
    columns: [],
  },
}
const apply = (content: object, live?: { readonly object: KObject; readonly managed: string }, manager = 'a') =>
  applied({
    served,
    managed: live?.managed ?? '',
    manager,
    subresource: '',
    now: 'now',
    live: live?.object,
    force: true,
    config: { apiVersion: 'example.com/v1', kind: 'Thing', metadata: {}, ...structuredClone(content) },
  })
const owned = (value: object) => ownedSet(shape, { spec: Reflect.get(value, 'spec') })

suite('properties of field sets', () => {
  test('FieldsV1 is read as it was written', () => {
    fc.assert(
      fc.property(object, value => {
        const set = wholeSet(shape, value)
        const read = readSet(JSON.parse(setText(set)))
        assert.ok(read !== undefined && sameSet(read, { ...set, member: false }))
      }),
    )
  })

  test('what a creator owns is all there is', () => {
    fc.assert(
      fc.property(object, value => {
        assert.equal(createdText(shape, value), setText(wholeSet(shape, value)))
      }),
    )
  })

  test('sets nest no deeper than objects', () => {
    const deep = (levels: number): unknown => JSON.parse('{"f:a":'.repeat(levels) + '{}' + '}'.repeat(levels))
    assert.ok(readSet(deep(500)) !== undefined)
    assert.equal(readSet(deep(5000)), undefined)
    for (const wrong of [[], 'x', { spam: {} }, { 'k:[]': {} }, { 'v:{': {} }, { 'f:a': 1 }])
      assert.equal(readSet(wrong), undefined)
  })

  test('a comparison tells what came and what went', () => {
    fc.assert(
      fc.property(object, object, (old, next) => {
        const { changed, removed } = compare(shape, old, next)
        assert.ok(isEmptySet(intersection(changed, removed)))
        const [before, after] = [wholeSet(shape, old), wholeSet(shape, next)]
        assert.ok(isEmptySet(difference(changed, after)), 'what changed is there afterwards')
        assert.ok(isEmptySet(difference(removed, before)), 'what was removed was there')
        const same = compare(shape, old, structuredClone(old))
        assert.ok(isEmptySet(union(same.changed, same.removed)))
      }),
    )
  })
})

suite('properties of server-side apply', () => {
  test('what is applied is there, and again changes nothing', () => {
    fc.assert(
      fc.property(object, object, (first, second) => {
        const live = apply(first, undefined, 'b')
        const once = apply(second, live)
        const { spec: wanted } = second
        const found: unknown = Reflect.get(once.object, 'spec')
        assert.deepEqual(mergedConfig(shapeOf(spec), found, wanted), found)
        const twice = apply(second, once)
        assert.deepEqual(twice, once)
      }),
    )
  })

  test('what is not applied any more goes', () => {
    fc.assert(
      fc.property(object, object, (first, second) => {
        const { object: alone } = apply(second, apply(first))
        const gone = difference(owned(first), owned(second))
        // A container that was owned empty may hold what is owned now.
        for (const [element, child] of gone.children.get('f:spec')?.children ?? [])
          if (
            child.member &&
            child.children.size === 0 &&
            owned(second).children.get('f:spec')?.children.has(element) !== true
          )
            assert.ok(!Object.hasOwn(Object(Reflect.get(alone, 'spec')), element.slice(2)), element)
      }),
    )
  })
})
