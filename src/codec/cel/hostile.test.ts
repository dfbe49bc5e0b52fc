/** What outsiders may send: nothing throws, nothing hangs, nothing reaches the engine's own objects. */
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BudgetError, compile, compileUnchecked } from './compile.ts'
import { Environment } from './environment.ts'
import { fromJson, toJson } from './json.ts'
import { everyLibrary, kubernetesLibraries } from './libraries.ts'
import { dynType, intType, listType, mapType, stringType } from './types.ts'
import type { CelType } from './types.ts'
import { CelError, isError } from './values.ts'
import type { Result } from './values.ts'

const variables = new Map<string, CelType>([
  ['object', dynType],
  ['names', listType(stringType)],
  ['counts', mapType(stringType, intType)],
])
const environment = new Environment({ libraries: kubernetesLibraries, variables })
const lenient = new Environment({ libraries: everyLibrary, variables, strict: false })

const values = (object: unknown): ReadonlyMap<string, Result> =>
  new Map([
    ['object', fromJson(object)],
    ['names', fromJson(['a', 'b', 'é👑'], listType(stringType))],
    ['counts', fromJson({ a: 1, __proto__x: 2 }, mapType(stringType, intType))],
  ])

/** Compiles, and runs what compiles, and runs it without the checker's word too. Anything thrown fails the test. */
function attempt(source: string, object: unknown = {}): Result | undefined {
  let result: Result | undefined
  const bold = compileUnchecked(source, lenient)?.evaluate(values(object), { budget: 50_000 })
  assert.ok(bold === undefined || bold.cost >= 0)
  for (const env of [environment, lenient]) {
    const compiled = compile(source, env)
    if (!compiled.ok) {
      assert.ok(compiled.issues.length > 0 && compiled.text.startsWith('ERROR: <input>:'))
      continue
    }
    const { min, max } = compiled.cost()
    assert.ok(min >= 0 && max >= 0 && !Number.isNaN(max))
    const { value, cost } = compiled.program.evaluate(values(object), { budget: 50_000 })
    assert.ok(cost >= 0)
    assert.ok(isError(value) || toJson(value) !== undefined)
    result = value
  }
  return result
}

const message = (source: string): string => {
  const compiled = compile(source, environment)
  assert.ok(!compiled.ok)
  return compiled.text
}

test('nesting and size are bounded', () => {
  const deep = 10_000
  for (const source of [
    `${'('.repeat(deep)}1${')'.repeat(deep)}`,
    `${'['.repeat(deep)}${']'.repeat(deep)}`,
    `${'{1:'.repeat(deep)}1${'}'.repeat(deep)}`,
    `${'-'.repeat(deep)}(${'('.repeat(deep)}`,
    `1${' + 1'.repeat(deep)}`,
    `object${'.a'.repeat(deep)}`,
    `object${'[0]'.repeat(deep)}`,
    `object${'.?a'.repeat(deep)}`,
    `true${' ? true : true'.repeat(5000)}`,
    `names${'.map(x, x)'.repeat(2000)}`,
    `${'names.all(x, '.repeat(2000)}true${')'.repeat(2000)}`,
    `object${'.optMap(x, x)'.repeat(2000)}`,
  ])
    assert.match(message(source), /-1:0: expression recursion limit exceeded: 250/)
  assert.match(message(' '.repeat(1_000_000)), /expression code point size exceeds limit: size: 1000000, limit 100000/)
  assert.match(message(`'${'x'.repeat(1_048_574)}'`), /size: 1048576, limit 100000/)
})

test('long expressions that are not deep are fine', () => {
  const flat = `${'object.a == 1 || '.repeat(4000)}true`
  assert.equal(attempt(flat), true)
  assert.equal(attempt(`size([${'1,'.repeat(40_000)}]) == 40000`), true)
  assert.ok(attempt(`${'!'.repeat(50_000)}true`) === true)
  const loops = 120
  assert.ok(attempt(`${'names.all(x, '.repeat(loops)}true${')'.repeat(loops)}`) instanceof BudgetError)
  assert.equal(attempt(`${'[0].map(x, '.repeat(loops)}1${')'.repeat(loops)}.size()`), 1n)
  assert.equal(attempt(`${'('.repeat(240)}1${')'.repeat(240)}`), 1n)
  assert.equal(attempt(`optional.of(1)${'.optMap(x, x + 1)'.repeat(60)}.value() == 61`), true)
})

test('keys that JavaScript knows are keys like others', () => {
  const object: unknown = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2, "a": {"then": 3}}')
  for (const source of [
    "object['__proto__'].x == 1 && object.__proto__.x == 1 && object.constructor == 2 && object.a.then == 3",
    "!has(object.toString) && !has(object.a.__proto__) && !('hasOwnProperty' in object) && object.a.size() == 1",
    "{'__proto__': 1}['__proto__'] == 1 && {'a': 1}.transformMap(k, v, v) == {'a': 1}",
    "counts.all(k, k != 'constructor') && !('valueOf' in counts)",
  ])
    assert.equal(attempt(source, object), true, source)
  for (const source of [
    'object.valueOf()',
    'object.a.constructor',
    'toString',
    '__proto__',
    'constructor("x")',
    'object.hasOwnProperty("a")',
    'names.length',
    'names.__proto__',
    "'a'.constructor",
  ]) {
    const compiled = compile(source, environment)
    const value = compiled.ok ? compiled.program.evaluate(values(object)).value : new CelError('refused')
    assert.ok(isError(value), source)
  }
  assert.equal(Reflect.get({}, 'x'), undefined)
})

test('patterns that make others backtrack cost what their length says', () => {
  for (const pattern of ['(a+)+$', '(a|a)*b', '(.*)*x', '(a?){40}a{40}', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
    const compiled = compile(`object.matches(${JSON.stringify(pattern)})`, environment)
    assert.ok(compiled.ok, pattern)
    const { value } = compiled.program.evaluate(new Map([['object', 'a'.repeat(20_000)]]), { budget: 10_000_000 })
    assert.ok(typeof value === 'boolean' || value instanceof BudgetError, pattern)
  }
  assert.match(message("object.matches('(((a{100}){100}){100})')"), /invalid matches argument/)
  const many = Array.from({ length: 3000 }, (_, at) => `'x'.matches('x{${at % 1000}}y{${Math.floor(at / 1000)}}')`)
  assert.match(message(many.join(' && ')), /literals take too long to check/)
  for (const endless of [
    "lists.range(5000).all(x, 'a'.matches('(a{1,999}){1}' + string(x)) || true)",
    "object.findAll('(?i)[a-z]{900}').size() == 0",
  ]) {
    const compiled = compile(endless, environment)
    assert.ok(compiled.ok)
    const { value } = compiled.program.evaluate(new Map([['object', 'ab'.repeat(100_000)]]))
    assert.ok(value instanceof BudgetError, endless)
  }
  const made = attempt("object.matches('a' + object + '{1001}')", 'x')
  assert.ok(made === undefined || isError(made))
})

const atoms =
  `object|names|counts|1|-1|0|1u|2.5|'a'|"é👑"|b'a'|true|null|[]|{}|[1, 2]|{'a': 1}|9223372036854775807|1e308|int|'%s'|
  duration('1h')|timestamp('2020-01-01T00:00:00Z')|'1.2.3.4'|optional.none()|quantity('1Gi')|ip('::1')|'[a-z]+'|
  lists.range(9)`.split(/\|\s*/)
const names = [...new Set([...environment.functions(), ...lenient.functions()])].filter(name =>
  /^[a-zA-Z.]+$/.test(name),
)
const binary = ['+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', '&&', '||', 'in']
const loops = ['all', 'exists', 'exists_one', 'map', 'filter', 'sortBy', 'optMap', 'optFlatMap']

const { expression } = fc.letrec<{ expression: string; call: string }>(tie => ({
  call: fc.oneof(
    fc
      .tuple(fc.constantFrom(...names), fc.array(tie('expression'), { maxLength: 3 }))
      .map(([name, args]) => `${name}(${args.join(', ')})`),
    fc
      .tuple(tie('expression'), fc.constantFrom(...names), fc.array(tie('expression'), { maxLength: 3 }))
      .map(([target, name, args]) => `(${target}).${name}(${args.join(', ')})`),
    fc
      .tuple(tie('expression'), fc.constantFrom(...loops), tie('expression'))
      .map(([target, name, body]) => `(${target}).${name}(x, ${body})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('all', 'exists', 'transformList', 'transformMap'), tie('expression'))
      .map(([target, name, body]) => `(${target}).${name}(x, y, ${body})`),
  ),
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(...atoms, 'x', 'y'),
    tie('call'),
    fc
      .tuple(tie('expression'), fc.constantFrom(...binary), tie('expression'))
      .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a})[${b}]`),
    fc.tuple(tie('expression'), fc.constantFrom('.a', '.?a', '.__proto__')).map(([a, field]) => `(${a})${field}`),
    fc.array(tie('expression'), { maxLength: 3 }).map(items => `[${items.map(item => `dyn(${item})`).join(', ')}]`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `{${a}: ${b}}`),
  ),
}))

test('expressions of every shape compile or are refused, and run or fail', () => {
  fc.assert(
    fc.property(expression, fc.jsonValue(), (source, object) => {
      attempt(source, object)
      attempt(`names.map(x, counts.map(y, ${source}))`, object)
    }),
    { numRuns: 600 },
  )
})

test('text that is no expression is refused', () => {
  const pieces = fc.constantFrom(
    ...'()[]{}.?:,+-*/%<>=!&|"\'`\\ \n\t0x1ue_abc'.split(''),
    'in',
    'has',
    "r'",
    'b"',
    '"""',
    '👑',
    '\ud800',
    '\0',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(pieces).map(parts => parts.join('')),
      ),
      source => {
        attempt(source)
      },
    ),
    { numRuns: 2000 },
  )
})

test('JSON comes out as it went in', () => {
  const identity = compile('object', environment)
  assert.ok(identity.ok)
  fc.assert(
    fc.property(fc.jsonValue({ depthSize: 'medium' }), json => {
      const { value } = identity.program.evaluate(values(json))
      assert.ok(!isError(value))
      assert.deepEqual(toJson(value), { json: JSON.parse(JSON.stringify(json)) })
      const same = compile('object == object', environment)
      assert.ok(same.ok && same.program.evaluate(values(json)).value === true)
    }),
    { numRuns: 300 },
  )
})
