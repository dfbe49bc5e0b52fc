import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { equal } from './equal.ts'
import { shareParts } from './share.ts'

const freeze = (value: unknown): unknown => {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) freeze(inner)
  return Object.freeze(value)
}

test('what is equal is the old one, what is not is the new one', () => {
  const old = { a: { b: [1, { c: 2 }], d: { e: 1 } }, f: { g: 1 } }
  const next = { a: { b: [1, { c: 2 }], d: { e: 2 } }, f: { g: 1 } }
  const shared = shareParts(next, old) as typeof old
  assert.deepEqual(shared, next)
  assert.notEqual(shared, next)
  assert.equal(shared.a.b, old.a.b)
  assert.equal(shared.f, old.f)
  assert.equal(shareParts(structuredClone(old), old), old)
  assert.equal(next.a.d, shared.a.d)
})

test('neither value is changed, and the result equals the new one', () => {
  const json = fc.jsonValue({ depthSize: 'small', noUnicodeString: false }).map(freeze)
  fc.assert(
    fc.property(json, json, (next, old) => {
      assert.deepEqual(shareParts(next, old), next)
      const both = freeze({ part: old, same: structuredClone(next) })
      const shared = shareParts(freeze({ part: next, same: structuredClone(next) }), both) as { same: unknown }
      assert.deepEqual(shared, { part: next, same: next })
      if (typeof next === 'object') assert.equal(shared.same, (both as { same: unknown }).same)
    }),
  )
})

test('absent and undefined are told apart, keys of any name are keys', () => {
  const odd = JSON.parse('{"__proto__":{"x":{"y":1}},"toString":{"z":1}}') as Record<string, unknown>
  const more = JSON.parse('{"__proto__":{"x":{"y":1},"v":1},"toString":{"z":1}}') as Record<string, unknown>
  const shared = shareParts(more, odd) as Record<string, unknown>
  assert.ok(equal(shared, more))
  assert.deepEqual(Object.keys(shared), ['__proto__', 'toString'])
  assert.equal(Object.getPrototypeOf(shared), Object.prototype)
  assert.equal(shared['toString'], odd['toString'])
  const missing = { a: 1 }
  assert.equal(shareParts(missing, { a: 1, b: undefined }), missing)
  assert.deepEqual(shareParts({ a: 1, b: undefined }, { a: 1, c: 2 }), { a: 1, b: undefined })
  assert.equal(shareParts([1], { 0: 1 }) instanceof Array, true)
  assert.deepEqual(shareParts([1, 2, { a: 1 }], [1, 2]), [1, 2, { a: 1 }])
})
