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

test('a key with an escape makes no other numbers of long ones', () => {
  for (const number of ['-9007199254740992', '9223372036854775807', '1e17', '12']) {
    const text = String.raw`{"\\":[{"a":${number}}],"__proto__":${number}}`
    assert.deepEqual(parse(text), JSON.parse(text), number)
  }
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
