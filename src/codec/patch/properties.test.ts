import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { StatusError } from '#api/status.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { decodeTyped } from '../decode.ts'
import { applyJsonPatch } from './json.ts'
import { applyMergePatch } from './merge.ts'
import { applyStrategicPatch } from './strategic.ts'

const schema = typeSchema('core_v1.Pod')
const name = fc.constantFrom('a', 'b', 'c', '__proto__')
const container = fc.record(
  {
    name,
    image: fc.constantFrom('x', 'y'),
    args: fc.array(name, { maxLength: 2 }),
    ports: fc.uniqueArray(fc.record({ containerPort: fc.integer({ min: 1, max: 4 }), name }), {
      maxLength: 3,
      selector: port => port.containerPort,
    }),
  },
  { requiredKeys: ['name'], noNullPrototype: true },
)
const pod = fc.record(
  {
    metadata: fc.record(
      {
        finalizers: fc.uniqueArray(name, { maxLength: 3 }),
        labels: fc.dictionary(name, name, { noNullPrototype: true }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    spec: fc.record(
      { containers: fc.uniqueArray(container, { maxLength: 4, selector: one => one.name }), hostNetwork: fc.boolean() },
      { requiredKeys: [], noNullPrototype: true },
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
)
const head = { apiVersion: 'v1', kind: 'Pod' }

suite('properties of patches', () => {
  test('an integer beyond 2^53 where it does not fit is refused like any other', () => {
    for (const [live, patch] of [
      [{ spec: { volumes: [2n ** 62n] } }, { spec: { volumes: ['x'] } }],
      [{ spec: { containers: [{ name: 'a' }] } }, { spec: { containers: [{ name: 'a', $patch: 2n ** 62n }] } }],
    ])
      assert.throws(() => applyStrategicPatch(live, patch, schema), StatusError)
  })

  test('a strategic merge gives a valid object, and again the same', () => {
    fc.assert(
      fc.property(pod, pod, (live, patch) => {
        const once = applyStrategicPatch(structuredClone(live), patch, schema)
        assert.deepEqual(applyStrategicPatch(structuredClone(once), patch, schema), once)
        assert.deepEqual(decodeTyped(schema, { ...head, ...structuredClone(Object(once)) }).unknown, [])
      }),
    )
  })

  test('whatever a patch is, it is done or refused', () => {
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'spam'),
      path: fc.constantFrom(
        '',
        '/',
        '/spec',
        '/spec/containers/0',
        '/spec/containers/-',
        '/__proto__/x',
        '/a~2',
        '/metadata/labels/a',
      ),
      from: fc.constantFrom('/spec', '/metadata', '/spec/containers/0'),
      value: fc.jsonValue(),
    })
    const directives = fc.constantFrom(
      '$patch',
      '$retainKeys',
      '$setElementOrder/containers',
      '$deleteFromPrimitiveList/finalizers',
      'containers',
      'finalizers',
    )
    const strange = fc.dictionary(fc.constantFrom('spec', 'metadata'), fc.dictionary(directives, fc.jsonValue()))
    const calm = (run: () => unknown): void => {
      try {
        run()
      } catch (error) {
        assert.ok(error instanceof StatusError, String(error))
      }
    }
    fc.assert(
      fc.property(pod, fc.array(operation, { maxLength: 5 }), strange, (live, operations, patch) => {
        calm(() => applyJsonPatch(live, operations))
        calm(() => applyMergePatch(live, patch))
        calm(() => applyStrategicPatch(structuredClone(live), patch, schema))
        assert.equal(Reflect.get({}, 'x'), undefined, 'no prototype was changed')
      }),
    )
  })
})
