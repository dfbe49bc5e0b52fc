import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { follow, parsePath } from './jsonPath.ts'

const object = {
  spec: {
    a: 1,
    list: [
      { n: 'x', v: 1 },
      { n: 'y', v: 2 },
    ],
    'dotted.key': true,
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
}
const found = (path: string): readonly unknown[] | undefined => {
  const parsed = parsePath(path)
  return parsed === undefined ? undefined : follow(parsed, object)
}

test('paths lead to what upstream finds', () => {
  const table: readonly (readonly [string, unknown])[] = [
    ['.spec.a', [1]],
    ['.spec.nothing.more', []],
    ['.spec.dotted\\.key', [true]],
    [".spec['dotted.key']", [true]],
    ['.spec.list[0].n', ['x']],
    ['.spec.list[-1].n', ['y']],
    ['.spec.list[*].v', [1, 2]],
    ['.spec.list[0:1].v', [1]],
    ['.spec.list[5].v', []],
    ['.spec.list[?(@.v>1)].n', ['y']],
    ['.spec.list[?(@.n!="x")].n', ['y']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type=='Other')].status", []],
    ['..status', [object.status, 'True']],
    ['.', [object]],
  ]
  for (const [path, expected] of table) assert.deepEqual(found(path), expected, path)
  for (const path of ['', '.a[', '.a[?(@.b==)]', '.a]', '.a b']) assert.equal(found(path), undefined, path)
})

test('names of every object are not fields', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) assert.deepEqual(found(`.${name}`), [])
})

test('no text makes parsing or following throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), (text, value) => {
      const path = parsePath(text)
      assert.ok(path === undefined || Array.isArray(follow(path, value)))
    }),
  )
  const pieces = fc.constantFrom('.', '..', '[', ']', '*', '?(@', ')', '==', '"x"', 'a', '-1', ':', '\\', "'")
  fc.assert(fc.property(fc.array(pieces), parts => parsePath(parts.join('')) !== null))
})

test('a path that multiplies leads to the first values, and not on for ever', () => {
  let deep: unknown = 1
  for (let left = 100; left > 0; left--) deep = { a: deep, b: Array.from({ length: 50 }, () => ({ c: 1 })) }
  for (const text of ['..a..a..a..a', '..*..*..*', '..b[?(@..c==2)]', '..b[?(@..c[?(@..d)]==2)]']) {
    const path = parsePath(text)
    assert.ok(path !== undefined, text)
    assert.ok(follow(path, deep).length <= 10_000, text)
  }
  const wide = { w: Array.from({ length: 200_000 }, () => 1) }
  assert.equal(follow(parsePath('..*') ?? [], wide).length, 10_000)
  assert.deepEqual(follow(parsePath('.w[?(@==2)]') ?? [], wide), [])
})
