import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { traceOf } from './trace.ts'

const canary = 'canary-4711'

const thrown = (act: () => unknown): unknown => {
  try {
    act()
  } catch (error) {
    return error
  }
  return assert.fail('nothing was thrown')
}

test('what engines quote is not repeated', () => {
  const all: readonly (() => unknown)[] = [
    () => JSON.parse(`{"a":"${canary}"`),
    () => JSON.parse(canary),
    () => BigInt(canary),
    () => new URL(canary),
    () => new RegExp(`(${canary}`),
    () => Buffer.alloc(canary as never),
    () => assert.deepEqual({ a: canary }, { a: 1 }),
    () => {
      throw new Error(`cannot use ${canary}\n    at ${canary}`)
    },
    () => {
      throw new TypeError(`${canary}\nis not a function`)
    },
    () => {
      throw Object.assign(new Error('x'), { name: canary, body: canary, cause: new Error(canary) })
    },
    () => {
      // eslint-disable-next-line no-throw-literal
      throw canary
    },
  ]
  for (const act of all) {
    const trace = traceOf(thrown(act))
    assert.ok(!trace.includes(canary), trace)
  }
})

test('what helps is said: the name, the place, and messages about code and files', () => {
  const broken = traceOf(thrown(() => (undefined as unknown as { x: { y: 1 } }).x.y))
  assert.match(broken, /^TypeError: Cannot read properties of undefined \(reading 'x'\)\n {4}at /)
  assert.match(
    traceOf(thrown(() => readFileSync('/nonexistent'))),
    /^Error \[ENOENT\]: ENOENT: no such file or directory, open '\/nonexistent'/,
  )
  assert.match(traceOf(thrown(() => JSON.parse('{'))), /^SyntaxError\n {4}at JSON\.parse/)
  assert.equal(traceOf('text'), 'something of type string was thrown')
})
