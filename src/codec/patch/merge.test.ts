import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { applyMergePatch } from './merge.ts'

suite('merge patch', () => {
  const cases: readonly [string, unknown, unknown, unknown][] = [
    [
      'sets, changes and deletes',
      { a: 1, b: 2, c: { d: 3 } },
      { a: null, b: 4, c: { e: 5 } },
      { b: 4, c: { d: 3, e: 5 } },
    ],
    ['replaces lists whole', { a: [1, 2] }, { a: [3] }, { a: [3] }],
    ['a scalar gives way to an object without its nulls', { a: 1 }, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
    ['an empty patch', { a: 1 }, {}, { a: 1 }],
  ]
  for (const [name, document, patch, wanted] of cases)
    test(name, () => {
      const [before, given] = [structuredClone(document), structuredClone(patch)]
      assert.deepEqual(applyMergePatch(before, given), wanted)
      assert.deepEqual([before, given], [document, patch], 'neither is changed')
    })

  test('refuses what is no object', () => {
    for (const patch of [null, 1, 'x', []]) assert.throws(() => applyMergePatch({}, patch), { reason: 'BadRequest' })
  })

  test('keys of prototypes are keys', () => {
    const patch: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"x":1}}')
    const result = applyMergePatch({}, patch)
    assert.equal(JSON.stringify(result), JSON.stringify(patch))
    assert.equal(Object.getPrototypeOf(result), Object.prototype)
  })
})
