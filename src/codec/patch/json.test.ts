import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isReason } from '#api/status.ts'
import { applyJsonPatch } from './json.ts'

const spec = { metadata: { labels: { app: 'web', 'a/b~c': 'x' } }, list: [1, 2, 3] }

suite('JSON patch', () => {
  const good: readonly [string, readonly object[], unknown][] = [
    [
      'adds a member',
      [{ op: 'add', path: '/metadata/labels/x', value: 'y' }],
      { ...spec, metadata: { labels: { ...spec.metadata.labels, x: 'y' } } },
    ],
    ['inserts', [{ op: 'add', path: '/list/1', value: 9 }], { ...spec, list: [1, 9, 2, 3] }],
    ['appends', [{ op: 'add', path: '/list/-', value: 9 }], { ...spec, list: [1, 2, 3, 9] }],
    ['counts from the end', [{ op: 'remove', path: '/list/-1' }], { ...spec, list: [1, 2] }],
    [
      'unescapes',
      [{ op: 'replace', path: '/metadata/labels/a~1b~0c', value: 'y' }],
      { ...spec, metadata: { labels: { app: 'web', 'a/b~c': 'y' } } },
    ],
    ['moves', [{ op: 'move', from: '/list/0', path: '/first' }], { ...spec, list: [2, 3], first: 1 }],
    ['copies', [{ op: 'copy', from: '/metadata', path: '/other' }], { ...spec, other: spec.metadata }],
    ['tests', [{ op: 'test', path: '/metadata', value: { labels: { 'a/b~c': 'x', app: 'web' } } }], spec],
    ['tests for absence', [{ op: 'test', path: '/absent', value: null }], spec],
    ['replaces a member that is not there', [{ op: 'replace', path: '/absent', value: 1 }], { ...spec, absent: 1 }],
  ]
  for (const [name, patch, wanted] of good)
    test(name, () => {
      const before = structuredClone(spec)
      assert.deepEqual(applyJsonPatch(before, patch), wanted)
      assert.deepEqual(before, spec, 'the document is not changed')
    })

  const bad: readonly [string, object][] = [
    ['a failed test', { op: 'test', path: '/list/0', value: 2 }],
    ['a missing path', { op: 'remove', path: '/nothing' }],
    ['a missing parent', { op: 'add', path: '/nothing/there', value: 1 }],
    ['a leading zero', { op: 'replace', path: '/list/01', value: 1 }],
    ['an index beyond the end', { op: 'add', path: '/list/4', value: 1 }],
    ['a word for an index', { op: 'replace', path: '/list/length', value: 1 }],
    ['a wrong escape', { op: 'add', path: '/a~2', value: 1 }],
    ['a relative path', { op: 'add', path: 'a', value: 1 }],
    ['an unknown operation', { op: 'spam', path: '/list' }],
    ['no value', { op: 'add', path: '/x' }],
    ['a move into itself', { op: 'move', from: '/metadata', path: '/metadata/labels/x' }],
    ['a scalar as container', { op: 'add', path: '/list/0/x', value: 1 }],
    ['members of prototypes', { op: 'remove', path: '/constructor/prototype' }],
  ]
  for (const [name, operation] of bad)
    test(`refuses ${name}`, () => {
      assert.throws(() => applyJsonPatch(spec, [operation]), { reason: 'Invalid', code: 422 })
    })

  test('refuses what is no list of operations', () => {
    assert.throws(() => applyJsonPatch(spec, { op: 'add' }), { reason: 'BadRequest' })
    assert.throws(() => applyJsonPatch(spec, ['add']), { reason: 'BadRequest' })
  })

  test('takes at most 10,000 operations', () => {
    const operation = { op: 'test', path: '/list/0', value: 1 }
    assert.deepEqual(
      applyJsonPatch(
        spec,
        Array.from({ length: 10_000 }, () => operation),
      ),
      spec,
    )
    assert.throws(
      () =>
        applyJsonPatch(
          spec,
          Array.from({ length: 10_001 }, () => operation),
        ),
      error => isReason(error, 'RequestEntityTooLarge') && error.message.includes('10000, got 10001'),
    )
  })

  test('copies do not multiply', () => {
    const doubling = Array.from({ length: 40 }, (_, at) => ({ op: 'copy', from: '/a', path: `/a/x${at}` }))
    assert.throws(() => applyJsonPatch({ a: { text: 'x'.repeat(100) } }, doubling), { code: 413 })
  })

  test('nests no deeper than a document may', () => {
    const deeper = Array.from({ length: 600 }, (_, at) => ({ op: 'add', path: '/a'.repeat(at + 1), value: {} }))
    assert.throws(() => applyJsonPatch({}, deeper), { code: 422 })
  })

  test('long lists cannot be shifted for ever', () => {
    const list = Array.from({ length: 20_000 }, () => 0)
    const inserts = Array.from({ length: 9000 }, () => ({ op: 'add', path: '/0', value: 1 }))
    assert.throws(() => applyJsonPatch(list, inserts), { code: 413 })
  })

  test('keys of prototypes are keys', () => {
    const result = applyJsonPatch({}, [
      { op: 'add', path: '/__proto__', value: { polluted: true } },
      { op: 'add', path: '/constructor', value: 1 },
    ])
    assert.equal(JSON.stringify(result), '{"__proto__":{"polluted":true},"constructor":1}')
    assert.equal(Object.getPrototypeOf(result), Object.prototype)
  })

  test('integers beyond 2^53 stay exact', () => {
    assert.deepEqual(
      applyJsonPatch({ a: 9007199254740993n }, [
        { op: 'test', path: '/a', value: 9007199254740993n },
        { op: 'copy', from: '/a', path: '/b' },
      ]),
      { a: 9007199254740993n, b: 9007199254740993n },
    )
  })
})
