import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Tree } from './tree.ts'

const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '-', '/', '\u{1f600}', '\uffee', '\ue000', 'é'), maxLength: 5 }),
)
const change = fc.record({ key, remove: fc.boolean() })

const same = (tree: Tree<string>, model: ReadonlySet<string>, range: { prefix?: string; after?: string }): void => {
  const { prefix = '', after } = range
  const wanted = [...model]
    .sort(bytes)
    .filter(key => key.startsWith(prefix) && (after === undefined || bytes(key, after) > 0))
  assert.deepEqual([...tree.range(range)], wanted)
  assert.equal(tree.count(range), wanted.length)
}

test('a tree agrees with a sorted set', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300 }), key, key, (changes, prefix, after) => {
      let tree = Tree.empty<string>()
      const model = new Set<string>()
      for (const { key, remove } of changes) {
        tree = remove ? tree.without(key) : tree.with(key, key)
        if (remove) model.delete(key)
        else model.add(key)
      }
      assert.equal(tree.size, model.size)
      for (const { key } of changes) assert.equal(tree.get(key), model.has(key) ? key : undefined)
      for (const range of [{}, { prefix }, { after }, { prefix, after }, { prefix: prefix.slice(0, 1) }])
        if ((range.prefix ?? '').isWellFormed()) same(tree, model, range)
      same(Tree.of([...model].map(key => [key, key])), model, {})
    }),
    { numRuns: 150 },
  )
})

test('thousands of keys come and go, and older trees stay as they were', () => {
  const name = (i: number): string => `n${(i * 7919) % 5000}/x`
  let tree = Tree.empty<string>()
  const model = new Set<string>()
  for (let i = 0; i < 5000; i++) {
    tree = tree.with(name(i), name(i))
    model.add(name(i))
  }
  const full = tree
  for (let i = 0; i < 5000; i++) {
    if (i % 500 === 0) same(tree, model, { prefix: 'n1' })
    tree = tree.without(name(i * 3))
    model.delete(name(i * 3))
  }
  assert.equal(tree.size, 0)
  assert.equal(full.size, 5000)
  assert.equal(full.count({ prefix: 'n1' }), 1111)
  assert.deepEqual([...full.range({ after: 'n999/w' })], ['n999/x'])
})

test('a-b/x comes before a/x', () => {
  const tree = Tree.of(['a/x', 'a-b/x', 'a/y', 'a0/x'].map(key => [key, key]))
  assert.deepEqual([...tree.range()], ['a-b/x', 'a/x', 'a/y', 'a0/x'])
  assert.deepEqual([...tree.range({ prefix: 'a/' })], ['a/x', 'a/y'])
})
