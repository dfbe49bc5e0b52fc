import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '#api/metadata.ts'
import type { RemoteSwagger } from '../remotes.ts'
import { merged } from './merge.ts'

const ref = (name: string): JsonObject => ({ $ref: `#/definitions/${name}` })
const own = {
  paths: [['/api', { get: {} }]] as const,
  definitions: [
    ['A', { type: 'object' }],
    ['B', { type: 'string' }],
  ] as const,
}
const remote = (definitions: RemoteSwagger['definitions'], item: JsonObject, path = '/apis/x/v1'): RemoteSwagger => ({
  paths: [[path, item]],
  definitions,
})

test('without others it is ours, untouched', () => {
  assert.equal(merged(own, []), own)
})

test('a definition that means the same is shared, one that means something else has a name of its own', () => {
  const item = { get: { a: ref('A'), b: [ref('B')], c: ref('C') } }
  const definitions = [
    ['A', { type: 'object' }],
    ['B', { type: 'number', also: ref('B') }],
    ['B_v2', { type: 'boolean' }],
    ['C', { of: ref('B') }],
  ] as const
  const found = merged(own, [remote(definitions, item)])
  assert.deepEqual(Object.fromEntries(found.paths)['/apis/x/v1'], {
    get: { a: ref('A'), b: [ref('B_v3')], c: ref('C') },
  })
  assert.deepEqual(Object.fromEntries(found.definitions), {
    A: { type: 'object' },
    B: { type: 'string' },
    B_v2: { type: 'boolean' },
    B_v3: { type: 'number', also: ref('B_v3') },
    C: { of: ref('B_v3') },
  })
})

test('a path stays with who had it first, and names of any kind are harmless', () => {
  const found = merged(own, [
    remote([], { lie: true }, '/api'),
    remote([['__proto__', { type: 'x' }]], { get: ref('__proto__') }, '__proto__'),
  ])
  assert.deepEqual(found.paths[0], ['/api', { get: {} }])
  assert.deepEqual(found.paths.at(-1), ['__proto__', { get: ref('__proto__') }])
  assert.equal(Object.hasOwn(Object.prototype, 'type'), false)
})
