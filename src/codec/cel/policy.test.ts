import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LazyObject, fromJson } from './json.ts'
import { type Expression, type Use, PolicyCompiler, gives } from './policy.ts'
import { intType, objectType, stringType } from './types.ts'

const wrong = (compiled: Expression): string => {
  assert.ok(!compiled.ok, compiled.source)
  return compiled.error
}
const plain = (source: string, use: Use = {}): Expression =>
  new PolicyCompiler({ params: false, composed: false }).compile(source, use)

test('a variable has the type of its expression, and comes after those that it uses', () => {
  const compiler = new PolicyCompiler({ params: false, composed: true })
  assert.match(wrong(compiler.variable('early', 'variables.late')), /undefined field 'late'/)
  assert.ok(compiler.variable('late', '[1, 2]').ok)
  assert.ok(compiler.compile('variables.late.sum() == 3', { returns: gives.condition }).ok)
  assert.match(wrong(compiler.compile('variables.late.startsWith("a")')), /found no matching overload for 'startsWith'/)
  assert.match(wrong(compiler.compile('variables.none')), /undefined field 'none'/)
  // Of one that does not compile nothing is known.
  assert.ok(compiler.compile('variables.early.any.thing').ok)
  compiler.variable('asked', 'request')
  assert.ok(compiler.compile('variables.asked.any.thing').ok)
})

test('what an expression gives is checked and told', () => {
  assert.equal(wrong(plain('1', { returns: gives.condition })), 'must evaluate to bool but got int')
  assert.equal(
    wrong(plain('1', { returns: gives.annotation })),
    'must evaluate to one of [string null_type] but got int',
  )
  assert.ok(plain('null', { returns: gives.annotation }).ok)
  const patches = { patches: true }
  assert.ok(plain('Object{spec: Object.spec{n: 1}}', { returns: gives.configuration, ...patches }).ok)
  assert.ok(plain('true ? [JSONPatch{op: "add"}] : []', { returns: gives.patch, ...patches }).ok)
  assert.match(wrong(plain('Object{}')), /undeclared reference to 'Object'/)
  assert.match(wrong(plain('JSONPatch{o: 1}', patches)), /undefined field 'o'/)
})

test('what is not declared is not there', () => {
  for (const source of ['params', 'variables.a']) assert.match(wrong(plain(source)), /undeclared reference/)
  assert.match(wrong(plain('authorizer.path("/")', { authorizer: false })), /undeclared reference to 'authorizer'/)
  assert.match(wrong(plain('namespaceObject.metadata.uid')), /undefined field 'uid'/)
  assert.ok(new PolicyCompiler({ params: true, composed: false }).compile('params.any.thing').ok)
})

test('with types, expressions are held to them', () => {
  const types = { object: objectType('Thing', new Map([['n', intType], ['s', stringType]])) } // prettier-ignore
  const compiler = new PolicyCompiler({ params: false, types, composed: true })
  compiler.variable('n', 'object.n')
  const compiled = compiler.compile("variables.n > '1'")
  assert.ok(!compiled.ok)
  assert.match(
    compiled.issues,
    /^ERROR: <input>:1:13: found no matching overload for '_>_' applied to '\(int, string\)'/,
  )
  assert.ok(compiler.compile('oldObject.s == "a"').ok)
})

test('variables are values of an object that are worked out when they are wanted, once', () => {
  const compiler = new PolicyCompiler({ params: false, composed: true })
  compiler.variable('n', 'object.n')
  compiler.variable('never', 'object.none')
  const compiled = compiler.compile('variables.n + variables.n == 4 || variables.never')
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error)
  const asked: string[] = []
  const values = new Map(['n', 'never'].map(name => [name, () => (asked.push(name), fromJson(2))] as const))
  const { value } = compiled.program.evaluate(new Map([['variables', new LazyObject(values, compiler.type)]]))
  assert.equal(value, true)
  assert.deepEqual(asked, ['n'])
})

test('variables that hold each other, many times over, do not take long', () => {
  const compiler = new PolicyCompiler({ params: false, composed: true })
  compiler.variable('v0', '1')
  for (let at = 1; at < 20_000; at++) assert.ok(compiler.variable(`v${at}`, `[variables.v${at - 1}]`).ok)
  assert.ok(compiler.compile('size(variables.v19999[0][0][0]) == 1').ok)
})
