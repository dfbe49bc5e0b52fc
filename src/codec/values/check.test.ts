import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { JSONSchemaProps } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { checkValue } from './check.ts'
import { isKnownFormat, stringFormat } from './formats.ts'
import { goNumber, isMultiple } from './numbers.ts'
import { matchesPattern, patternProblem } from './pattern.ts'

const texts = (schema: JSONSchemaProps, value: unknown, old?: unknown): readonly string[] =>
  checkValue(schema, value, old === undefined ? {} : { old }).map(error => error.message())

test('of several alternatives the one that fits best says what is wrong', () => {
  const schema: JSONSchemaProps = {
    type: 'object',
    oneOf: [
      { required: ['a'], properties: { a: { enum: ['x'] } } },
      { required: ['b', 'c'], properties: { b: { minimum: 1 }, c: { minLength: 2 } } },
    ],
  }
  assert.deepEqual(texts(schema, { b: 3, c: 'x' }), [
    '<nil>: Invalid value: "": "" must validate one and only one schema (oneOf). Found none valid',
    'c: Invalid value: "x": c in body should be at least 2 chars long',
  ])
  assert.deepEqual(texts({ allOf: [{ minimum: 1 }, { maximum: 3 }] }, 0), [
    '<nil>: Invalid value: 0:  in body should be greater than or equal to 1',
    '<nil>: Invalid value: "": "" must validate all the schemas (allOf)',
  ])
})

test('lengths count characters, numbers are exact beyond 2^53', () => {
  assert.deepEqual(texts({ type: 'string', maxLength: 2 }, '\u{1f600}\u{1f600}'), [])
  assert.equal(texts({ type: 'string', maxLength: 1 }, '\u{1f600}\u{1f600}').length, 1)
  assert.deepEqual(texts({ type: 'integer', format: 'int64' }, 2n ** 60n), [])
  assert.deepEqual(texts({ type: 'integer', format: 'int32' }, 2 ** 31), [
    '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in ',
  ])
  assert.deepEqual(texts({ type: 'number' }, 1), [])
  assert.deepEqual(texts({ type: 'integer' }, 1.5).length, 1)
})

test('nulls are judged by type and by what is allowed alone', () => {
  assert.deepEqual(texts({ type: 'string', nullable: true, minLength: 3, enum: ['a'] }, null), [])
  assert.deepEqual(texts({ type: 'object', properties: { a: { type: 'string' } } }, { a: null }), [
    'a: Invalid value: "null": a in body must be of type string: "null"',
  ])
})

test('what is unchanged is no error, where old and new can be told to belong together', () => {
  const keyed: JSONSchemaProps = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: { type: 'object', properties: { v: { type: 'integer', maximum: 5 } } },
  }
  const old = [
    { k: 'a', v: 9 },
    { k: 'b', v: 1 },
  ]
  assert.deepEqual(
    texts(
      keyed,
      [
        { k: 'b', v: 2 },
        { k: 'a', v: 9 },
      ],
      old,
    ),
    [],
  )
  assert.equal(texts(keyed, [{ k: 'b', v: 9 }], old).length, 1)
  const { 'x-kubernetes-list-type': _, ...plain } = keyed
  assert.equal(texts(plain, [{ k: 'a', v: 9 }], old).length, 1, 'lists without keys do not say which is which')
  assert.deepEqual(texts(plain, structuredClone(old), old), [])
})

test('no more errors than anybody reads', () => {
  const wrong = Array.from({ length: 100_000 }, () => 1)
  assert.equal(texts({ type: 'array', items: { type: 'string' } }, wrong).length, 1000)
})

const formats: Readonly<Record<string, readonly [good: readonly string[], bad: readonly string[]]>> = {
  'date-time': [
    ['2026-01-02T03:04:05Z', '2026-01-02t03:04:05.123+02:00'],
    ['2026-01-02', '2026-02-30T00:00:00Z', '2026-01-02T25:00:00Z'],
  ],
  date: [['2024-02-29'], ['2026-02-29', '2026-1-1', '20260101']],
  duration: [
    ['1h30m', '22 ns', '3 days', '-1.5h', '0'],
    ['', '1', 'soon', '1y'],
  ],
  uuid: [['123E4567-e89b-12d3-a456-426614174000'], ['123e4567', 'x23e4567-e89b-12d3-a456-426614174000']],
  uuid4: [['123e4567-e89b-42d3-a456-426614174000'], ['123e4567-e89b-12d3-a456-426614174000']],
  email: [['a.b@example.com'], ['a@', '@b', 'a b@c', 'a..b@c']],
  uri: [
    ['https://example.com/a?b#c', '/path', 'urn:x:y'],
    ['example', '', 'http://a b', '%zz'],
  ],
  hostname: [
    ['example.com', 'a', 'A-1.b'],
    ['-a', 'a-', 'a_b', '', 'a..b'],
  ],
  ipv4: [['127.0.0.1'], ['256.0.0.1', '1.2.3', '01.2.3.4.5']],
  ipv6: [
    ['::1', 'fe80::1', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4'],
    ['1:2', ':::', '1::2::3', '12345::', '1.2.3.4'],
  ],
  cidr: [
    ['10.0.0.0/8', '::/0'],
    ['10.0.0.0/33', '10.0.0.0', '::/129'],
  ],
  mac: [
    ['01:23:45:67:89:ab', '0123.4567.89ab', '01-23-45-67-89-ab'],
    ['01:23:45:67:89', '01:23-45:67:89:ab'],
  ],
  byte: [
    ['YWJj', ''],
    ['YWJ', '****'],
  ],
  isbn: [
    ['0321751043', '978-0321751041'],
    ['0321751044', 'x'],
  ],
  creditcard: [['4111 1111 1111 1111'], ['4111 1111 1111 1112', '1']],
  hexcolor: [
    ['#FFFFFF', 'abc'],
    ['#FFFF', 'red'],
  ],
  rgbcolor: [['rgb(1, 2,255)'], ['rgb(256,0,0)', 'rgb(1,2)']],
  'k8s-short-name': [['a-b'], ['a.b', '-a', 'A']],
  'k8s-long-name': [['a-b.c'], ['a..b', 'A.b']],
}

test('formats', () => {
  for (const [format, [good, bad]] of Object.entries(formats)) {
    const fits = stringFormat(format)
    assert.ok(fits, format)
    for (const text of good) assert.ok(fits(text), `${format} ${text}`)
    for (const text of bad) assert.ok(!fits(text), `${format} ${text}`)
  }
  assert.equal(stringFormat('colour'), undefined)
  assert.ok(isKnownFormat('integer', 'int32') && !isKnownFormat('integer', 'uri') && !isKnownFormat('object', 'uri'))
})

test('numbers are written as Go writes them', () => {
  const table = [
    [1, '1'],
    [0.5, '0.5'],
    [999_999, '999999'],
    [1e6, '1e+06'],
    [2_147_483_647, '2.147483647e+09'],
    [1e-5, '1e-05'],
    [-1e21, '-1e+21'],
    [0, '0'],
  ] as const
  for (const [number, text] of table) assert.equal(goNumber(number), text)
  assert.ok(isMultiple(0.3, 0.1) && isMultiple(-4, 2) && !isMultiple(5, 2))
})

test('patterns are found anywhere, in any text, in linear time', () => {
  assert.ok(matchesPattern('b+', 'abbc') && !matchesPattern('^b', 'ab'))
  assert.ok(!matchesPattern('^(a|a)*$', `${'a'.repeat(30_000)}b`))
  assert.match(patternProblem('a{2,1}') ?? '', /invalid repeat count/)
  fc.assert(
    fc.property(fc.string(), fc.string(), (pattern, text) => typeof matchesPattern(pattern, text) === 'boolean'),
  )
})

test('no value and no name make the check throw', () => {
  const schema: JSONSchemaProps = {
    type: 'object',
    properties: JSON.parse(
      '{"__proto__":{"type":"string","pattern":"^a"},"constructor":{"type":"array","items":{"type":"object","required":["then"]}}}',
    ),
    additionalProperties: { anyOf: [{ minimum: 3 }, { not: { enum: ['x', null] } }] },
  }
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (value, old) => Array.isArray(checkValue(schema, value, { old }))),
  )
})

test('names that every object has are no types', () => {
  for (const type of ['constructor', 'toString', '__proto__']) assert.equal(isKnownFormat(type, 'int32'), false)
})
