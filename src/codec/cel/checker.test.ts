import type { Schema } from '#api/schema.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from './compile.ts'
import { Environment } from './environment.ts'
import { escapeName, unescapeName } from './escape.ts'
import { fromJson, LazyObject, toJson } from './json.ts'
import { kubernetesLibraries, mutationLibraries } from './libraries.ts'
import { misnamedObjects, mutationTypes } from './mutation.ts'
import { typeOfSchema } from './schema.ts'
import { dynType, formatType, objectType, optionalType } from './types.ts'
import type { CelType } from './types.ts'
import { isError } from './values.ts'
import type { Result } from './values.ts'

const text: Schema = { type: 'string' }
const int: Schema = { type: 'integer' }

const object = (fields: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  fields: new Map(Object.entries(fields).map(([name, schema]) => [name, { name, schema }])),
})

const spec = object({
  replicas: int,
  ratio: { type: 'number' },
  image: text,
  'foo-bar': text,
  namespace: text,
  __proto__x: text,
  port: { type: 'any', format: 'int-or-string' },
  data: { type: 'string', format: 'byte' },
  at: { type: 'string', format: 'date-time' },
  every: { type: 'string', format: 'duration' },
  labels: { type: 'object', values: text },
  tags: { type: 'array', items: text, listType: 'set' },
  ports: { type: 'array', items: object({ name: text, port: int }), listType: 'map', listMapKeys: ['name'] },
  anything: { type: 'any' },
  '1st': text,
})
const whole = object({ spec, status: object({ ready: { type: 'boolean' } }) })

const typeOf = (schema: Schema, root = false): CelType => {
  const type = typeOfSchema(schema, { name: 'self', custom: true, root })
  assert.ok(type !== undefined)
  return type
}

const self = typeOf(whole, true)
const environment = new Environment({
  libraries: kubernetesLibraries,
  variables: new Map([
    ['self', self],
    ['old', optionalType(self)],
    ['object', dynType],
  ]),
})

const typeIn = (source: string, env = environment): string => {
  const compiled = compile(source, env)
  return compiled.ok ? formatType(compiled.type) : compiled.text
}

test('fields have the types that their schemas say', () => {
  const cases: Readonly<Record<string, string>> = {
    'self.spec.replicas': 'int',
    'self.spec.ratio': 'double',
    'self.spec.port': 'dyn',
    'self.spec.data': 'bytes',
    'self.spec.at': 'timestamp',
    'self.spec.every': 'duration',
    'self.spec.labels': 'map(string, string)',
    'self.spec.tags': 'list(string)',
    'self.spec.ports': 'list(self.spec.ports.@idx)',
    'self.spec.ports.map(p, p.port)': 'list(int)',
    'self.spec.foo__dash__bar': 'string',
    'self.spec.__namespace__': 'string',
    'self.spec.namespace': 'string',
    'self.metadata.name': 'string',
    'self.kind + self.apiVersion': 'string',
    'old.?spec.replicas.orValue(1)': 'int',
    'old.hasValue() ? old.value().spec.tags : []': 'list(string)',
    'object.spec.anything.at.all': 'dyn',
    'has(self.spec.replicas) && !has(self.status)': 'bool',
    'self.spec.labels.transformMap(k, v, size(k + v))': 'map(string, int)',
    '[self.spec.replicas, object.x]': 'list(dyn)',
    'type(self.spec.replicas) == int': 'bool',
  }
  for (const [source, type] of Object.entries(cases)) assert.equal(typeIn(source), type, source)
})

test('a built-in kind’s durations and quantities are plain texts', () => {
  const builtin = typeOfSchema(
    object({
      d: { type: 'string', format: 'duration' },
      q: { type: 'string', format: 'quantity' },
      t: { type: 'string', format: 'micro-time' },
    }),
    { name: 'o', custom: false },
  )
  assert.ok(builtin?.kind === 'object')
  assert.deepEqual(
    ['d', 'q', 't'].map(name => formatType(builtin.field(name) ?? dynType)),
    ['string', 'string', 'timestamp'],
  )
})

test('what is wrong is said where it is, in upstream’s words', () => {
  const cases: Readonly<Record<string, string>> = {
    'self.spec.nothing == 1': "1:10: undefined field 'nothing'",
    'has(self.spec.nothing)': "1:4: undefined field 'nothing'",
    'self.spec.anything == 1': "1:10: undefined field 'anything'",
    'self.metadata.labels': "1:14: undefined field 'labels'",
    'self.spec.replicas.x': "1:19: type 'int' does not support field selection",
    "self.spec.replicas == 'x'": "1:20: found no matching overload for '_==_' applied to '(int, string)'",
    "1 + 'a'": "1:3: found no matching overload for '_+_' applied to '(int, string)'",
    "self.spec['image']": "1:10: found no matching overload for '_[_]' applied to '(self.spec, string)'",
    "self.spec.image.substring('a')": "1:26: found no matching overload for 'substring' applied to 'string.(string)'",
    nothing: "1:1: undeclared reference to 'nothing' (in container '')",
    'nothing(1)': "1:8: undeclared reference to 'nothing' (in container '')",
    'self.spec.all(x, true)':
      "1:5: expression of type 'self.spec' cannot be range of a comprehension (must be list, map, or dynamic)",
    'self.spec.tags.all(t, t.size())': "1:29: expected type 'bool' but found 'int'",
    "[1, 'a']": "1:5: expected type 'int' but found 'string'",
    "{'a': 1, 'b': 'c'}": "1:15: expected type 'int' but found 'string'",
    'self.spec.tags.all(t.x, true)': '1:21: argument must be a simple name',
    'has(self)': '1:5: invalid argument to has() macro',
    'self.spec.': '1:11: Syntax error: mismatched input',
    "'abc": '1:1: Syntax error: token recognition error',
    var: '1:1: reserved identifier: var',
    '9223372036854775808': '1:1: invalid int literal',
    'self.spec.labels == self.spec': "found no matching overload for '_==_'",
    'math.least(1, 2)': "undeclared reference to 'math'",
  }
  for (const [source, message] of Object.entries(cases)) {
    const found = typeIn(source)
    assert.ok(found.startsWith('ERROR: <input>:') && found.includes(message), `${source}: ${found}`)
  }
  const [first = '', line, caret] = typeIn('true &&\n\tself.nope').split('\n')
  assert.deepEqual([first, line, caret], ["ERROR: <input>:2:6: undefined field 'nope'", ' |  self.nope', ' | .....^'])
})

test('names that are no identifiers have a spelling, and come back from it', () => {
  for (const name of ['foo', 'foo-bar', 'a.b/c', 'a__b', 'namespace', '_x', '__proto__', 'true', 'a___b', 'x-y__z'])
    assert.equal(unescapeName(escapeName(name) ?? ''), name)
  assert.equal(escapeName('foo-bar'), 'foo__dash__bar')
  assert.equal(escapeName('namespace'), '__namespace__')
  for (const name of ['1st', '', 'ä', 'a b']) assert.equal(escapeName(name), undefined)
})

const data: unknown = JSON.parse(`{
  "apiVersion": "v1", "kind": "K", "metadata": {"name": "n"},
  "spec": {"replicas": 3, "ratio": 2, "foo-bar": "x", "port": "80%", "data": "QUI=", "at": "2020-01-01T00:00:00Z",
    "every": "90s", "labels": {"__proto__": "p", "constructor": "c"}, "tags": ["a", "b"], "image": null,
    "ports": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]}}`)

const run = (source: string): Result => {
  const compiled = compile(source, environment)
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.text)
  const value = fromJson(data, self)
  return compiled.program.evaluate(
    new Map<string, Result>([
      ['self', value],
      ['object', fromJson(data)],
    ]),
  ).value
}

test('values are read by their types', () => {
  for (const source of [
    'self.spec.replicas == 3 && type(self.spec.ratio) == double && self.spec.ratio == 2.0',
    "self.spec.foo__dash__bar == 'x' && self.spec.port == '80%' && self.spec.data == b'AB'",
    "self.spec.at.getFullYear() == 2020 && self.spec.every == duration('1m30s')",
    '!has(self.spec.image) && !has(self.status) && has(self.spec.labels)',
    "self.spec.labels['__proto__'] == 'p' && self.spec.labels.constructor == 'c' && self.spec.labels.size() == 2",
    "!('toString' in self.spec.labels) && !has(self.spec.labels.hasOwnProperty)",
    "self.spec.tags == ['b', 'a'] && self.spec.tags + ['b', 'c'] == ['a', 'b', 'c']",
    'self.spec.ports == [self.spec.ports[1], self.spec.ports[0]] && size(self.spec.ports + self.spec.ports) == 2',
    "object.spec.replicas == 3 && object.spec.ports.exists(p, p.port == 2) && object.metadata.?labels['x'] == optional.none()",
    "object.spec.labels == {'__proto__': 'p', 'constructor': 'c'}",
  ])
    assert.equal(run(source), true, source)
  for (const [source, message] of Object.entries({
    'self.status.ready': 'no such key: status',
    'self.spec.image': 'no such key: image',
    "self.spec.labels['x']": 'no such key: x',
    'object.spec.tags[7]': 'index out of bounds: 7',
    'object.spec.replicas + object.kind': 'no such overload',
    'object.valueOf': 'no such key: valueOf',
  })) {
    const value = run(source)
    assert.ok(isError(value))
    assert.equal(value.message, message)
  }
})

test('data that does not fit its type is an error where it is looked at', () => {
  const wrong = fromJson({ spec: { replicas: 'x', tags: {}, at: 'yesterday', ratio: 0.5 } }, self)
  const look = (source: string): Result => {
    const compiled = compile(source, environment)
    assert.ok(compiled.ok)
    return compiled.program.evaluate(new Map([['self', wrong]])).value
  }
  assert.equal(look('self.spec.ratio > 0.1'), true)
  for (const source of ['self.spec.replicas > 1', 'has(self.spec.tags)', 'self.spec.at.getDate() == 1'])
    assert.ok(isError(look(source)), source)
})

test('whole numbers are exact to 64 bits, in and out', () => {
  const most = 9_223_372_036_854_775_807n
  const compiled = compile('[object, object - 1, 1, 1.5]', environment)
  assert.ok(compiled.ok)
  const { value } = compiled.program.evaluate(new Map([['object', fromJson(most)]]))
  assert.ok(!isError(value))
  assert.deepEqual(toJson(value), { json: [most, most - 1n, 1, 1.5] })
})

test('JSON of values, and what has none', () => {
  const json = (source: string): unknown => {
    const value = run(source)
    assert.ok(!isError(value), isError(value) ? value.message : '')
    return toJson(value)
  }
  const source =
    "{'a': dyn([dyn(1u), dyn(null), dyn(b'AB'), dyn(timestamp(0)), dyn(duration('90s'))]), '__proto__': dyn(quantity('1Gi'))}"
  assert.deepEqual(json(source), {
    json: JSON.parse('{"a": [1, null, "QUI=", "1970-01-01T00:00:00Z", "90s"], "__proto__": "1Gi"}'),
  })
  for (const source of ['{1: 2}', 'optional.of(1)', 'type(1)', "double('NaN')"])
    assert.ok(isError(json(source)), source)
})

test('fields of a lazy object are computed once, and only when wanted', () => {
  let runs = 0
  const variables = new LazyObject(
    new Map<string, () => Result>([
      ['a', () => BigInt(++runs)],
      ['b', () => assert.fail('nobody asked')],
    ]),
  )
  const type = objectType('variables', new Map([['a', dynType]]))
  const compiled = compile(
    'variables.a == 1 && variables.a == 1',
    new Environment({ libraries: kubernetesLibraries, variables: new Map([['variables', type]]) }),
  )
  assert.ok(compiled.ok)
  assert.deepEqual([...compiled.uses], ['variables'])
  assert.equal(compiled.program.evaluate(new Map([['variables', variables]])).value, true)
  assert.equal(runs, 1)
})

test('objects that mutating policies make', () => {
  const env = new Environment({ libraries: mutationLibraries, types: mutationTypes })
  const make = (source: string): Result => {
    const compiled = compile(source, env)
    assert.ok(compiled.ok, compiled.ok ? '' : compiled.text)
    return compiled.program.evaluate(new Map()).value
  }
  const patch = make('Object{spec: Object.spec{replicas: 3, ?paused: optional.none(), foo__dash__bar: {"a": 1}}}')
  assert.ok(!isError(patch))
  assert.deepEqual(toJson(patch), { json: { spec: { replicas: 3, 'foo-bar': { a: 1 } } } })
  assert.deepEqual(misnamedObjects(patch), [])
  assert.deepEqual(misnamedObjects(make('Object{spec: Object.status{}}')), [
    'unexpected type name "Object.status", expected "Object.spec", which matches field name path from root Object type',
  ])
  const patches = make('[JSONPatch{op: "add", path: "/a/" + jsonpatch.escapeKey("b/c"), value: [1]}]')
  assert.ok(!isError(patches))
  assert.deepEqual(toJson(patches), { json: [{ op: 'add', path: '/a/b~1c', value: [1] }] })
  assert.match(typeIn('JSONPatch{op: 1}', env), /expected type of field 'op' is 'string' but provided type is 'int'/)
  assert.match(typeIn('JSONPatch{opp: "add"}', env), /undefined field 'opp'/)
  assert.match(typeIn('Other{}', env), /undeclared reference to 'Other'/)
})
