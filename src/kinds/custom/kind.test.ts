/** Definitions of any shape: what is accepted works, and nothing makes the server throw. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { KObject } from '#api/metadata.ts'
import type { Kind } from '#api/kind.ts'
import { decodeCustom } from '#codec/custom.ts'
import { DecodeError } from '#codec/errors.ts'
import { applyDefaults } from '#codec/defaults.ts'
import type {
  CustomResourceDefinition as Definition,
  JSONSchemaProps,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { validateDefinition } from '../apiextensions/validate.ts'
import { customKind } from './kind.ts'

const context = { now: '', user: { name: 'x', groups: [] }, subresource: '', old: undefined }
const names = fc.constantFrom('spec', 'status', 'a', 'b', '__proto__', 'constructor', 'metadata', 'kind')
const literal = fc.jsonValue({ maxDepth: 2 })
const words = { requiredKeys: [] as [], noNullPrototype: true }

const { schema } = fc.letrec<{ schema: JSONSchemaProps }>(tie => ({
  schema: fc.record(
    {
      type: fc.constantFrom('object', 'array', 'string', 'integer', 'number', 'boolean', 'null', ''),
      format: fc.constantFrom('date-time', 'int32', 'nonsense'),
      properties: fc.dictionary(names, tie('schema'), { maxKeys: 3, noNullPrototype: true, depthIdentifier: 'schema' }),
      additionalProperties: fc.oneof({ depthIdentifier: 'schema', maxDepth: 3 }, fc.boolean(), tie('schema')),
      items: fc.oneof({ depthIdentifier: 'schema', maxDepth: 3 }, fc.constant({ type: 'string' }), tie('schema')),
      required: fc.array(names, { maxLength: 2 }),
      default: literal,
      enum: fc.array(literal, { maxLength: 2 }),
      minimum: fc.integer(),
      maxLength: fc.nat({ max: 5 }),
      pattern: fc.constantFrom('^a', '(', '(a+)+$'),
      nullable: fc.boolean(),
      anyOf: fc.array(fc.record({ required: fc.array(names, { maxLength: 1 }), minimum: fc.integer() }, words), {
        maxLength: 2,
      }),
      'x-kubernetes-preserve-unknown-fields': fc.boolean(),
      'x-kubernetes-embedded-resource': fc.boolean(),
      'x-kubernetes-int-or-string': fc.boolean(),
      'x-kubernetes-list-type': fc.constantFrom('set', 'map', 'atomic', 'other'),
      'x-kubernetes-list-map-keys': fc.array(names, { maxLength: 2 }),
      'x-kubernetes-map-type': fc.constantFrom('atomic', 'granular'),
    },
    words,
  ) as fc.Arbitrary<JSONSchemaProps>,
}))

const definition = (root: JSONSchemaProps): Definition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: root } }],
  },
  status: { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] },
})
const problems = (root: JSONSchemaProps): readonly string[] =>
  validateDefinition(definition(root), { ...context, old: undefined }).map(error => error.message())
const kindOf = (root: JSONSchemaProps): Kind => {
  const kind = customKind(definition(root), { generation: 1, retiring: () => false })
  assert.ok(kind)
  return kind
}

function decoded(kind: Kind, value: object): KObject | undefined {
  try {
    const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, ...structuredClone(value) }
    const root = kind.versions[0]?.schema()
    assert.ok(root)
    const result = decodeCustom(root, object).object
    applyDefaults(root, result)
    return result
  } catch (error) {
    assert.ok(error instanceof DecodeError, String(error))
    return undefined
  }
}

test('any schema is judged, and any object by it; what decoding leaves, it leaves again', () => {
  fc.assert(
    fc.property(schema, literal, (root, value) => {
      const errors = problems(root)
      assert.ok(Array.isArray(errors))
      const kind = kindOf(root)
      const object = decoded(kind, { spec: value, a: value })
      if (object === undefined) return
      assert.ok(Array.isArray(kind.validate?.(object, context)))
      kind.versions[0]?.openapi?.()
      if (errors.length > 0) return
      const again = decoded(kind, object)
      assert.deepEqual(again, object)
    }),
    { numRuns: 500 },
  )
})

/** Schemas that are right more often than not, with defaults that may not be. */
const right = fc.oneof(
  fc.record(
    { type: fc.constant('integer'), minimum: fc.nat({ max: 3 }), default: fc.nat({ max: 5 }) },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    { type: fc.constant('string'), enum: fc.constant(['a', 'b']), default: fc.constantFrom('a', 'c') },
    { requiredKeys: ['type'] },
  ),
  fc.record({
    type: fc.constant('object'),
    properties: fc.dictionary(
      names,
      fc.record({ type: fc.constant('boolean'), default: fc.boolean() }, { requiredKeys: ['type'] }),
      { noNullPrototype: true, maxKeys: 3 },
    ),
  }),
)

test('an object of defaults alone is right, where its definition was accepted', () => {
  let accepted = 0
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('spec', 'a', '__proto__', 'constructor'), right, { noNullPrototype: true }),
      properties => {
        const root = { type: 'object', properties } as JSONSchemaProps
        if (problems(root).length > 0) return
        accepted++
        const kind = kindOf(root)
        const object = decoded(kind, {})
        assert.ok(object !== undefined)
        assert.deepEqual(kind.validate?.(object, context), [])
      },
    ),
    { numRuns: 500 },
  )
  assert.ok(accepted > 100)
})

test('values that cannot be printed or compared as others are judged all the same', () => {
  const item: JSONSchemaProps = { type: 'object', required: ['k'], properties: { k: { type: 'string' } } }
  const spec: JSONSchemaProps = {
    type: 'object',
    properties: {
      n: { type: 'integer', enum: [1] },
      list: { type: 'array', items: item, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
    },
  }
  const kind = kindOf({ type: 'object', properties: { spec } })
  const old = decoded(kind, { spec: { list: [{ k: 'a' }] } })
  const next = decoded(kind, { spec: { n: 2n ** 62n, list: [{ k: { toString: 'x' } }] } })
  assert.ok(next !== undefined && old !== undefined)
  const texts = kind.validate?.(next, { ...context, old })?.map(error => error.message()) ?? []
  assert.ok(
    texts.some(text => text.startsWith('spec.n: Unsupported value: 4611686018427388000')),
    texts.join('\n'),
  )
  assert.ok(
    texts.some(text => text.includes('spec.list[0].k')),
    texts.join('\n'),
  )
})

test('limits beyond 2^53 are limits', () => {
  const rules = [{ rule: 'size(self) >= 0' }]
  const list = {
    type: 'array',
    maxItems: 2n ** 62n,
    items: { type: 'string', maxLength: 2n ** 62n },
    'x-kubernetes-validations': rules,
  }
  const root = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { list } } },
  } as unknown as JSONSchemaProps
  assert.deepEqual(problems(root), [])
})
