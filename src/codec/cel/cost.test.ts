import type { Schema } from '#api/schema.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BudgetError, compile } from './compile.ts'
import type { Program } from './compile.ts'
import { Environment } from './environment.ts'
import { fromJson } from './json.ts'
import { everyLibrary, kubernetesLibraries, mutationLibraries } from './libraries.ts'
import { perCallLimit, ruleEstimateLimit } from './limits.ts'
import { Authorizer, authorizerType } from './library/authorizer.ts'
import { mostOccurrences, typeOfSchema } from './schema.ts'
import type { Bounds } from './schema.ts'
import { isError } from './values.ts'

const text: Schema = { type: 'string' }
const number: Schema = { type: 'number' }
const bool: Schema = { type: 'boolean' }
const formatted = (format: string): Schema => ({ type: 'string', format })
const intOrString: Schema = { type: 'any', format: 'int-or-string' }
const list = (items: Schema): Schema => ({ type: 'array', items })
const map = (values: Schema): Schema => ({ type: 'object', values })
const required = (name: string): Schema => ({
  type: 'object',
  fields: new Map([
    [name, { name, schema: text, required: true }],
    ['optional', { name: 'optional', schema: text }],
  ]),
})

/** The worst case of a rule over a schema, all of whose sizes are bounded by `most` if it is given. */
function worst(schema: Schema, rule: string, most?: number): number {
  const bounds: Bounds = most === undefined ? {} : { maxLength: most, maxItems: most, maxProperties: most }
  const type = typeOfSchema(schema, { name: 'self', custom: true, bounds: of => (of === schema ? bounds : {}) })
  assert.ok(type !== undefined)
  const compiled = compile(
    rule,
    new Environment({ libraries: kubernetesLibraries, variables: new Map([['self', type]]) }),
  )
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.text)
  return compiled.cost().max
}

test('rules over unbounded values cost what the largest request allows, bounded ones less', () => {
  const cases: readonly (readonly [Schema, rule: string, unbounded: number, most: number, bounded: number])[] = [
    [list(number), 'self.all(x, true)', 4_718_591, 10, 32],
    [list(text), 'self.all(x, true)', 3_145_727, 20, 62],
    [list(bool), 'self.all(x, true)', 1_887_437, 5, 17],
    [list(list(number)), 'self.all(x, true)', 3_145_727, 100, 302],
    [list(intOrString), 'self.all(x, true)', 4_718_591, 10, 32],
    [list(formatted('duration')), 'self.all(x, true)', 2_359_295, 5, 17],
    [list(formatted('date')), 'self.all(x, true)', 725_936, 15, 47],
    [list(formatted('date-time')), 'self.all(x, true)', 428_963, 25, 77],
    [map(number), 'self.all(x, true)', 1_348_169, 10, 32],
    [map(text), 'self.all(x, true)', 1_179_647, 3, 11],
    [map(bool), 'self.all(x, true)', 943_718, 100, 302],
    [map(required('required')), 'self.all(x, true)', 428_963, 20, 62],
    [map(number), 'has(self.x)', 1, 100, 1],
    [map(number), 'self["x"] == 0.0', 2, 0, 2],
    [text, "self.contains('test')", 314_574, 10, 5],
    [text, "self.startsWith('test')", 2, 15, 2],
    [text, 'size(self + "hello") > size("hello")', 314_578, 4, 7],
    [text, 'self.matches("x")', 314_574, 50, 22],
    [text, '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7],
    [text, 'self.matches("")', 1, 100, 1],
    [text, 'self == "x"', 2, 0, 1],
    [formatted('byte'), 'self == b"x"', 2, 0, 1],
    [list(number), 'self[1] == 0.0', 2, 5000, 2],
    [list(text), 'self[1] == self[1]', 314_577, 8, 314_577],
    [list(number), 'self.all(x, x == 0.0)', 6_291_454, 6_291_456, 25_165_826],
    [list(formatted('date-time')), 'self[2].getMinutes() == 45', 4, 99, 4],
    [list(map(number)), 'self[0].x > 2.0', 4, 3000, 4],
    [list(map(number)), 'self.all(x, x.y == 25.2)', 6_291_452, 12, 74],
  ]
  for (const [schema, rule, unbounded, most, bounded] of cases) {
    assert.equal(worst(schema, rule), unbounded, rule)
    assert.equal(worst(schema, rule, most), bounded, `${rule} with at most ${most}`)
  }
})

test('loops within loops over unbounded lists are beyond what a rule may cost', () => {
  assert.ok(worst(list(number), 'self.all(x, self.all(y, true))') > ruleEstimateLimit)
  assert.ok(worst(list(number), 'self.all(x, self.all(y, self.all(z, true)))') > ruleEstimateLimit)
  assert.equal(worst(list(number), 'self.all(x, self.all(y, true))', 10), 352)
  assert.equal(worst(list(number), 'self.all(x, self.all(y, self.all(z, true)))', 10), 3552)
})

test('how often a schema can occur depends on the smallest value it allows', () => {
  assert.equal(mostOccurrences(number), 1_572_864)
  assert.equal(mostOccurrences(required('required')), 185_042)
})

const environment = new Environment({
  libraries: [...mutationLibraries],
  variables: new Map([['authorizer', authorizerType]]),
  strict: false,
})
const variables = new Map([['authorizer', new Authorizer(() => ({ allowed: true, reason: '' }))]])

test('what is estimated and what is spent agree with upstream', () => {
  const cases: readonly (readonly [string, least: number, most: number, spent: number])[] = [
    ['[1, 2, 3, 4, 5].sum()', 15, 15, 15],
    ['[uint(1), uint(2)].max()', 14, 14, 14],
    ["'abc 123 def 123'.replace('', 'x')", 3, 3, 3],
    ["'abc 123 def 123'.findAll('123', 1)", 2, 2, 2],
    ["url('https:://kubernetes.io/') == url('https:://kubernetes.io/')", 7, 9, 7],
    ["ip('192.168.0.1').isLoopback()", 3, 3, 3],
    ["ip.isCanonical('2001:db8:3333:4444:5555:6666:7777:8888')", 8, 8, 8],
    ["cidr('192.168.0.0/16').containsCIDR('192.0.0.0/30')", 7, 11, 7],
    ["cidr('2001:db8::/32').containsIP('2001:db8:3333:4444:5555:6666:7777:8888')", 7, 10, 7],
    ["'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 7, 9, 9],
    ['quantity("50k").add(20).sub(quantity("100k")).asInteger() > 0', 6, 6, 6],
    ['format.named("dns1123Label").value().validate("my-name")', 34, 34, 10],
    ['sets.equivalent([1, 2, 3], [3u, 2.0, 1])', 39, 39, 39],
    ['semver("1.0.0").isLessThan(semver("1.1.0"))', 3, 3, 3],
    ["jsonpatch.escapeKey('abc/def~ abc/def~')", 2, 2, 2],
    ["authorizer.path('/healthz').check('get').allowed()", 350_003, 350_003, 350_003],
    ["authorizer.group('').resource('pods').labelSelector('a=b')", 10 + 100 + 1 + 3, 114, 114],
    ["{'a': 1, 'b': 2}.exists(k, v, v > 0)", 39, 43, 40],
    ["{'a': 1, 'b': 2}.transformMapEntry(k, v, v < 5, {k: v + 1})", 67, 135, 135],
    ['[1, 2].transformList(i, v, v < 5, v + 1)', 27, 53, 53],
    ['[3, 1].sort() == [1, 3]', 40, 40, 40],
  ]
  for (const [source, least, most, spent] of cases) {
    const compiled = compile(source, environment)
    assert.ok(compiled.ok, compiled.ok ? '' : compiled.text)
    const { value, cost } = compiled.program.evaluate(variables)
    assert.ok(!isError(value), source)
    assert.deepEqual({ ...compiled.cost(), cost }, { min: least, max: most, cost: spent }, source)
  }
})

function programOf(source: string, libraries = everyLibrary): Program {
  const compiled = compile(source, new Environment({ libraries, variables: new Map([['authorizer', authorizerType]]) }))
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.text)
  return compiled.program
}

test('an evaluation stops where its budget ends', () => {
  const program = programOf('lists.range(1000).all(x, x >= 0)')
  assert.equal(program.evaluate(new Map()).value, true)
  const { value, cost } = program.evaluate(new Map(), { budget: 3000 })
  assert.ok(value instanceof BudgetError)
  assert.equal(value.message, 'operation cancelled: actual cost limit exceeded')
  assert.ok(cost > 3000 && cost < 3020)
  const endless = programOf('lists.range(10000).all(x, lists.range(10000).all(y, x + y >= 0))')
  assert.ok(endless.evaluate(new Map()).cost <= perCallLimit + 20_000)
})

test('two checks of the authorizer fit into one evaluation, three do not', () => {
  const check = "authorizer.path('/healthz').check('get').allowed()"
  assert.equal(programOf(`${check} && ${check}`).evaluate(variables).value, true)
  assert.ok(programOf(`${check} && ${check} && ${check}`).evaluate(variables).value instanceof BudgetError)
})

test('values that share their parts cannot be compared, joined or written for ever', () => {
  const doubled = (body: string): string => {
    const names = Array.from({ length: 60 }, (_, at) => `v${at}`)
    return names.reduceRight(
      (inner, name, at) => `cel.bind(${name}, ${at === 0 ? '[1, 2]' : `[v${at - 1}, v${at - 1}]`}, ${inner})`,
      body,
    )
  }
  for (const body of ['v59 == [v58, v58]', "'%s'.format([v59]) == ''", 'v59.flatten(60) == []']) {
    const lenient = new Environment({ libraries: everyLibrary, strict: false })
    const compiled = compile(doubled(body.replace('v59.', 'dyn(v59).')), lenient)
    assert.ok(compiled.ok, compiled.ok ? '' : compiled.text)
    assert.ok(compiled.program.evaluate(new Map()).value instanceof BudgetError, body)
  }
  const grown = Array.from({ length: 12 }, () => ".replace('a', 'aaaaaaaaaa')").join('')
  assert.ok(programOf(`'a'${grown} == ''`).evaluate(new Map()).value instanceof BudgetError)
})

test('a value nested deeper than the stack is an error, not a crash', () => {
  let deep: unknown = 0
  for (let level = 0; level < 200_000; level++) deep = [deep]
  const compiled = compile('self == other', new Environment({ libraries: everyLibrary, variables: new Map() }))
  assert.ok(!compiled.ok)
  const type = typeOfSchema({ type: 'array', items: intOrString }, { name: 'self', custom: true })
  const variables = new Map([['self', type ?? authorizerType]])
  const whole = compile('self == self', new Environment({ libraries: everyLibrary, variables }))
  assert.ok(whole.ok)
  const value = fromJson(deep)
  assert.ok(whole.program.evaluate(new Map([['self', value]])).value instanceof BudgetError)
})

test('no estimate is negative', () => {
  const compiled = compile(
    'lists.range(-9223372036854775808).size()',
    new Environment({ libraries: kubernetesLibraries }),
  )
  assert.ok(compiled.ok)
  const { min, max } = compiled.cost()
  assert.ok(min >= 0 && max >= min)
})
