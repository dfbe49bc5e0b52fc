import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readExactly } from './exactJson.ts'
import { hasEscapedKey, parseJson, parseOwnJson, stringifyJson } from './json.ts'

test('duplicate keys are reported with their path, the last one counts', () => {
  assert.deepEqual(parseJson('{"a":1,"b":{"c":[{"d":1,"d":2}]},"a":3}'), {
    value: { a: 3, b: { c: [{ d: 2 }] } },
    duplicates: ['b.c[0].d', 'a'],
  })
  assert.deepEqual(parseJson('{"a":":","b":"{\\"x\\":1}"}').duplicates, [], 'what stands in strings does not count')
})

test('64-bit integers are exact, longer ones floating point as long as they are finite', () => {
  assert.deepEqual(parseJson('[9007199254740993,-9223372036854775808,9007199254740991,0.1234567890123456]').value, [
    9007199254740993n,
    -9223372036854775808n,
    9007199254740991,
    0.1234567890123456,
  ])
  assert.deepEqual(parseJson('[9223372036854775808,-1e19]').value, [9223372036854775808, -1e19])
  assert.deepEqual(parseJson('[1e17,-0,-0.0,-0.5,1e2]').value, [100_000_000_000_000_000n, 0, 0, -0.5, 100])
  for (const text of ['9'.repeat(100_000), '1e400', '-1E+309', `1${'0'.repeat(400)}.5`])
    assert.throws(() => parseJson(`{"a":[${text}]}`), /cannot unmarshal number .* into Go value of type float64/)
  assert.equal(stringifyJson({ a: [9007199254740993n], b: 1 }), '{"a":[9007199254740993],"b":1}')
})

test('own text is read back exactly', () => {
  for (const value of [{ a: [9007199254740993n, 'x'], b: 1.5 }, 'x', null, { a: [1e19, -1e20, 1e21] }])
    assert.deepEqual(parseOwnJson(stringifyJson(value)), value)
  assert.throws(() => parseOwnJson('{"a":'), /unexpected end/)
})

test('deep nesting is refused, also where the exact reader is needed', () => {
  assert.throws(() => parseJson('['.repeat(10_000) + ']'.repeat(10_000)), /max depth/)
  assert.throws(() => parseJson('{"a":'.repeat(200_000)), /max depth/)
  assert.throws(() => readExactly('['.repeat(100_000), 500), /max depth/)
  assert.deepEqual(parseJson('[[1]]', { depth: 2 }).value, [[1]])
  assert.throws(() => parseJson('[[[1]]]', { depth: 2 }), /max depth/)
})

test('half a surrogate pair is the replacement character', () => {
  assert.deepEqual(parseJson(String.raw`{"a\ud800":"\uDBFFx","b":"\ud83d\ude00","c":"\\ud800"}`).value, {
    'a\ufffd': '\ufffdx',
    b: '😀',
    c: '\\ud800',
  })
})

test('a key called __proto__ is a key', () => {
  for (const text of ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1234567890123456789}}']) {
    const { value } = parseJson(text)
    assert.ok(typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'))
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
  }
})

test('what is wrong is said without repeating the text', () => {
  const cases: Readonly<Record<string, RegExp>> = {
    '': /unexpected end/,
    '{': /unexpected end/,
    '{"a":secret}': /^JsonError|invalid character 's' looking for beginning of value/,
    '[1,]': /invalid character '\]' looking/,
    '{"a" 1}': /invalid character '1' after object key/,
    '{} x': /invalid character 'x' after top-level value/,
    '"a\nb"': /invalid character/,
  }
  for (const [text, message] of Object.entries(cases)) assert.throws(() => parseJson(text), message, text)
})

test('both readers agree with JSON.parse on all JSON', () => {
  const small = (_: string, value: unknown): unknown =>
    typeof value === 'number' && Math.abs(value) >= 2 ** 53 ? 1 : value
  const texts = fc.jsonValue({ maxDepth: 5 }).map(value => JSON.stringify(value, small))
  fc.assert(
    fc.property(texts, text => {
      for (const { value } of [readExactly(text, 100), parseJson(Buffer.from(text))]) {
        assert.equal(JSON.stringify(value), text)
        if (!hasEscapedKey(text)) assert.deepEqual(value, JSON.parse(text))
      }
    }),
    { numRuns: 300 },
  )
})

test('no text makes the exact reader accept what JSON.parse refuses, or the other way round', () => {
  const pieces = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '0',
      '.5',
      'e1',
      'true',
      'null',
      ' ',
      '\n',
      '\u0001',
    ),
  )
  const accepts = (read: () => unknown): boolean => {
    try {
      read()
      return true
    } catch {
      return false
    }
  }
  fc.assert(
    fc.property(pieces, parts => {
      const text = parts.join('')
      assert.equal(
        accepts(() => readExactly(text, 100)),
        accepts(() => JSON.parse(text)),
        text,
      )
    }),
    { numRuns: 500 },
  )
})

/**
 * Makes JSON.parse take `key` for another one when it comes after `before`: the other is what is written of it, over as
 * many characters as it has. @returns a text that has it there
 */
function poisoned(before: object, key: string): string {
  const other = JSON.stringify(key).slice(1, -1).slice(0, key.length)
  for (let times = 0; times < 3; times++) JSON.parse(JSON.stringify({ ...before, [other]: 1 }))
  return JSON.stringify({ ...before, [key]: { x: 1 } })
}

test('a key with an escape is itself, whatever somebody else has sent before', () => {
  const cases: readonly [object, string][] = [
    [{ poison1: 1 }, '"'],
    [{ poison2: 1 }, '\n'],
    [{ poison3: {} }, 'a"b"c'],
    [{ '.': {} }, 'k:{"name":"c"}'],
    [{ poison4: 1, more: [] }, 'tab\there'],
  ]
  for (const [before, key] of cases) {
    const text = poisoned(before, key)
    const expected = [...Object.keys(before), key]
    for (const value of [parseJson(text).value, parseJson(Buffer.from(`[${text}]`)).value, parseOwnJson(text)])
      assert.deepEqual(Object.keys(Array.isArray(value) ? Object(value[0]) : Object(value)), expected, text)
    assert.deepEqual(parseJson(text).duplicates, [])
  }
})

test('keys with escapes are found, and strings with escapes that are no keys are not', () => {
  for (const text of [
    '{"\\"":1}',
    '{"a":1,"x\\u0041":2}',
    '{"a" : "b", "c\\\\" : 1}',
    '[{"a\\"b":{}}]',
    '{"a":"\\\\","b\\n":1}',
  ])
    assert.equal(hasEscapedKey(text), true, text)
  for (const text of [
    '{}',
    '{"a":"\\""}',
    '{"a":"x\\\\"}',
    '{"a":"b\\n","c":"d\\\\\\""}',
    '["\\"","\\n"]',
    '"\\"',
    '\\',
    '"a\\',
  ])
    assert.equal(hasEscapedKey(text), false, text)
  // In a time that grows with the text alone.
  assert.equal(hasEscapedKey(`{"a":"${'\\n'.repeat(500_000)}","b":"${'\\\\'.repeat(500_000)}"}`), false)
})
