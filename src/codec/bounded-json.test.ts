import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseBounded } from './bounded-json.ts'

const bounds = { depth: 10, values: 100 }
const parse = (text: string) => parseBounded(Buffer.from(text), bounds)

test('what is within bounds is read as by JSON.parse', () => {
  const roomy = { depth: 1000, values: 1_000_000 }
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = JSON.stringify(value)
      assert.deepEqual(parseBounded(Buffer.from(text), roomy), JSON.parse(text))
    }),
  )
})

test('depth and number of values are counted outside of strings', () => {
  assert.throws(() => parse('['.repeat(11)), RangeError)
  assert.throws(() => parse('{"a":'.repeat(11)), RangeError)
  assert.throws(() => parse(`[${'1,'.repeat(101)}1]`), RangeError)
  assert.throws(() => parse(`[${'[],'.repeat(60)}[]]`), RangeError)
  assert.equal(parse(JSON.stringify('[{,'.repeat(500))), '[{,'.repeat(500))
  assert.equal(parse(String.raw`"\"[[[[[[[[[[[[\\"`), '"[[[[[[[[[[[[\\')
  assert.deepEqual(parse('[[[[[[[[[[]]]]]]]]]]'), [[[[[[[[[[]]]]]]]]]])
})

test('what is no JSON is refused, wherever it ends', () => {
  for (const text of ['', '"', '"\\', '[', ']', ']]]]', '{"a":}', '{"a":1}}'])
    assert.throws(() => parse(text), SyntaxError, text)
})
