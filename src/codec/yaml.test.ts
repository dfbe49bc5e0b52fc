import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { YamlError } from './errors.ts'
import { stringifyJson } from './json.ts'
import { dumpYaml, parseYaml, parseYamlAll } from './yaml.ts'

test('scalars as Go reads them', () => {
  const cases: Readonly<Record<string, unknown>> = {
    yes: true,
    On: true,
    y: true,
    NO: false,
    off: false,
    True: true,
    '0777': 511,
    '0o17': 15,
    '0x1F': 31,
    '-0b11': -3,
    '08': 8,
    '1_000': 1000,
    '+5': 5,
    '1e3': 1000,
    '.5': 0.5,
    '9007199254740993': 9007199254740993n,
    '99999999999999999999': 1e20,
    '1e400': '1e400',
    ['9'.repeat(400)]: '9'.repeat(400),
    '12:30:45': '12:30:45',
    '2001-01-01': '2001-01-01',
    '~': null,
    '"yes"': 'yes',
    '!!str 5': '5',
    '1.2.3': '1.2.3',
    '0x': '0x',
  }
  for (const [text, value] of Object.entries(cases)) assert.deepEqual(parseYaml(`a: ${text}`), { a: value }, text)
})

test('documents, merge keys, odd keys', () => {
  assert.deepEqual(parseYamlAll('a: 1\n---\n---\nb: 2\n...\n'), [{ a: 1 }, { b: 2 }])
  assert.deepEqual(parseYaml('base: &b {x: 1}\nc: {<<: *b, z: 2}\n1: one'), {
    base: { x: 1 },
    c: { x: 1, z: 2 },
    '1': 'one',
  })
  assert.deepEqual(parseYaml('__proto__: {x: 1}'), JSON.parse('{"__proto__":{"x":1}}'))
  assert.equal(parseYaml(''), null)
  assert.throws(() => parseYaml('a: 1\n---\nb: 1'), /one document/)
})

test('an alias is a copy', () => {
  const value = parseYaml('a: &x {k: v}\nb: *x')
  assert.ok(typeof value === 'object' && value !== null && 'a' in value && 'b' in value)
  assert.deepEqual(value.a, value.b)
  assert.notEqual(value.a, value.b)
})

test('bombs, depth, length, cycles and foreign tags are refused', () => {
  const bomb = [
    'a0: &a0 [x]',
    ...Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]`),
  ]
  const cases: readonly (readonly [string, RegExp])[] = [
    [String.raw`a: "\ud800"`, /Unicode/],
    [String.raw`{"\U00110000": b}`, /Unicode/],
    [bomb.join('\n'), /excessive aliasing/],
    ['['.repeat(10_000), /maxDepth/],
    ['x'.repeat(4_000_000), /too long/],
    ['&a [*a]', /yaml: /],
    ['a: !!js/function x', /unknown scalar tag/],
    ['a: .inf', /not finite/],
    ['a: 1\na: 2', /line 2: key "a" already set in map/],
    ['a: b: c', /line 1/],
  ]
  for (const [text, message] of cases) assert.throws(() => parseYaml(text), message, text.slice(0, 20))
})

test('an error does not repeat the text', () => {
  assert.throws(
    () => parseYaml('password: hunter2\n  bad: x: y'),
    error => error instanceof Error && !error.message.includes('hunter2'),
  )
})

test('what is written is read back the same, and quoted where other readers would take it for something else', () => {
  const strange = [
    'y',
    'no',
    '0777',
    '12:30',
    '2001-01-01',
    '2001-01-01T00:00:00Z',
    'null',
    '~',
    '1_000',
    '.5',
    '08',
    '<<',
    '1e3',
    '',
    ' x',
    'a: b',
    '#',
    'multi\nline\n',
  ]
  for (const text of strange) assert.deepEqual(parseYaml(dumpYaml({ [text]: text })), { [text]: text }, text)
  for (const text of ['12:30', '2001-01-01', 'y']) assert.match(dumpYaml({ a: text }), /'/)
  assert.equal(dumpYaml({ a: 9007199254740993n }), 'a: 9007199254740993\n')
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), value => {
      const plain: unknown = JSON.parse(
        JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'number' ? Math.trunc(inner % 1e9) : inner)),
      )
      assert.deepEqual(parseYaml(dumpYaml(plain)), plain)
    }),
    { numRuns: 50 },
  )
})

test('no text does more than be refused', () => {
  const pieces = fc.array(
    fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '&x ',
      '*x',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '|',
      '>',
      '<<: ',
      '? ',
      '!!str ',
      '---\n',
      '0x',
      '%',
      '#',
    ),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(pieces, parts => {
      try {
        JSON.stringify(parseYamlAll(parts.join('')))
      } catch (error) {
        assert.ok(error instanceof Error && error.message.startsWith('yaml: '), String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test('texts that look like infinities and ends of documents are quoted', () => {
  for (const text of ['.inf', '-.INF', '.NaN', '1e400', '--- a', '---', '...', '... b', '---a'])
    for (const value of [text, { [text]: text }, [text]]) assert.deepEqual(parseYaml(dumpYaml(value)), value, text)
  assert.match(dumpYaml('1e400'), /^['"]/)
})

test('JSON is read as what it is, and what is no JSON as YAML', () => {
  const value = { a: [1, -2.5, 'b\n\u20ac', true, null, { '': {} }], 'x-y': '1e3', n: 9_007_199_254_740_993n }
  const text = stringifyJson(value)
  assert.deepEqual(parseYaml(text), value)
  assert.deepEqual(parseYaml(Buffer.from(text)), parseYaml(`# read by the other reader\n${text}`))
  assert.deepEqual(parseYaml('{a: 1, "b": yes}'), { a: 1, b: true })
  assert.deepEqual(parseYaml('{"a": 1} # said'), { a: 1 })
  assert.throws(() => parseYaml('{"a": 1, "a": 2}'), YamlError)
  assert.throws(() => parseYaml(`{"a":${'['.repeat(300)}${']'.repeat(300)}}`), YamlError)
  assert.throws(() => parseYaml('{"a": 1}', { bytes: 4 }), YamlError)
  assert.throws(() => parseYaml(String.raw`{"a": "\ud800"}`), YamlError)
  assert.deepEqual(parseYaml(String.raw`{"a": "\u00e9"}`), { a: 'é' })
})
