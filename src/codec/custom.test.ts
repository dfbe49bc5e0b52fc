import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from '#api/schema.ts'
import { decodeCustom } from './custom.ts'
import { DecodeError } from './errors.ts'

const schema: Schema = {
  type: 'object',
  fields: new Map([
    [
      'spec',
      {
        name: 'spec',
        schema: { type: 'object', fields: new Map([['size', { name: 'size', schema: { type: 'integer' } }]]) },
      },
    ],
  ]),
}
const widget = (more: object): unknown =>
  JSON.parse(JSON.stringify({ kind: 'Widget', apiVersion: 'x.dev/v1', ...more }))

test('metadata is typed, the rest is pruned and otherwise left alone', () => {
  const { object, unknown } = decodeCustom(
    schema,
    widget({
      spec: { size: null, color: 'red' },
      metadata: { name: 'a', nick: 'b', labels: null, generation: 0 },
      extra: 1,
    }),
  )
  assert.deepEqual(unknown, ['metadata.nick', 'spec.color', 'extra'])
  assert.deepEqual(object, { apiVersion: 'x.dev/v1', kind: 'Widget', metadata: { name: 'a' }, spec: {} })
  assert.deepEqual(Object.keys(object), ['apiVersion', 'kind', 'metadata', 'spec'])
})

test('what is no object, has no kind or wrong metadata is refused', () => {
  for (const value of [null, [], 'x', {}, { kind: 1, apiVersion: 'v1' }])
    assert.throws(() => decodeCustom(schema, value), DecodeError)
  assert.throws(() => decodeCustom(schema, widget({ metadata: { labels: { a: 1 } } })), {
    message: 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  })
})
