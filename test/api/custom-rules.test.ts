/** Rules of custom resources, as upstream's conformance tests ask and beyond. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { definition, definitions, established, mergePatch, removedAll, schemaOf, widget } from './definitions.ts'
import { type Wire, openWire } from './wire.ts'

let wire: Wire
before(async () => {
  wire = await openWire()
})
after(() => wire.stop())
afterEach(() => removedAll(wire))

const refused = async (schema: object): Promise<string> => {
  const reply = await wire.call('POST', definitions, { body: definition({ schema }) })
  assert.equal(reply.status, 422, reply.text)
  return reply.json.message
}
const message = async (at: string, body: object): Promise<string> => {
  const reply = await wire.call('POST', at, { body })
  assert.equal(reply.status, 422, reply.text)
  return reply.json.message
}
const fine = async (at: string, body: object): Promise<void> => {
  const reply = await wire.call('POST', at, { body })
  assert.equal(reply.status, 201, reply.text)
}

const ruled = (rules: readonly (string | object)[], more: object = {}): object => ({
  ...more,
  'x-kubernetes-validations': rules.map(rule => (typeof rule === 'string' ? { rule } : rule)),
})
const object = (properties: object, ...rules: readonly (string | object)[]): object =>
  ruled(rules, { type: 'object', properties })
const number = { type: 'integer' }
const text = { type: 'string' }
const numbers = (maxItems: number): object => ({ type: 'array', maxItems, items: number })

const conformance = schemaOf(
  object(
    { x: number, y: number, firstArray: numbers(1000), secondArray: numbers(1000), largeArray: numbers(725) },
    'self.x + self.y > 0',
    'self.firstArray.isSorted() && self.secondArray.isSorted() && ((self.firstArray.sum() + self.secondArray.sum()) % 2 == 0)',
    'self.largeArray.all(x, self.largeArray.all(y, y == x))',
  ),
  { status: object({ health: text }, "self.health == 'ok' || self.health == 'unhealthy'") },
)

test('objects that satisfy the rules are taken, others are not', async () => {
  const at = await established(wire, { schema: conformance })
  await fine(at, widget('a', { spec: { x: 1, y: 0, firstArray: [3, 4], secondArray: [5, 10], largeArray: [2, 2] } }))
  const failed = await message(at, widget('b', { spec: { x: 0, y: 0 } }))
  assert.match(failed, /spec: Invalid value: failed rule: self\.x \+ self\.y > 0/)
  assert.match(failed, /spec: Invalid value: "object": no such key: firstArray evaluating rule: self\.firstArray/)
})

test('what costs too much at run time is refused', async () => {
  const at = await established(wire, { schema: conformance })
  const failed = await message(at, widget('c', { spec: { largeArray: Array.from({ length: 725 }, () => 20) } }))
  assert.match(
    failed,
    /'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self\.largeArray/,
  )
})

test('definitions with wrong rules are refused, and say why', async () => {
  assert.match(
    await refused(schemaOf(object({ x: number }, 'self.z == 100'))),
    /properties\[spec\]\.x-kubernetes-validations\[0\]\.rule: Invalid value: \{"Rule":"self\.z == 100","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null\}: compilation failed: ERROR: <input>:1:5: undefined field 'z'/,
  )
  assert.match(await refused(schemaOf(object({}, 'self = 42'))), /Syntax error/)
  assert.match(await refused(schemaOf(object({ x: number }, 'self.x'))), /cel expression must evaluate to a bool/)
  assert.match(
    await refused(schemaOf(object({ x: number }, { rule: 'self.x > 0', messageExpression: 'self.x' }))),
    /messageExpression: Invalid value: .*: messageExpression must evaluate to a string/,
  )
  assert.match(
    await refused(schemaOf(object({ x: number }, { rule: 'self.x > 0', optionalOldSelf: true }))),
    /optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule/,
  )
  assert.match(
    await refused(schemaOf(object({ l: { type: 'array', maxItems: 3, items: ruled(['self > oldSelf'], number) } }))),
    /rule: Invalid value: "self > oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within spec\.validation\.openAPIV3Schema\.properties\[spec\]\.properties\[l\]/,
  )
})

test('rules that may cost too much are refused, alone and together', async () => {
  const inner = ruled(["self.all(s, s == 'string constant')"], { type: 'array', items: text })
  const alone = await refused(schemaOf(object({ x: { type: 'array', items: inner } })))
  assert.match(
    alone,
    /x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x \(try simplifying/,
  )
  assert.match(alone, /estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of/)
  const cheap = ruled(["self.all(s, s.contains('abc'))"], {
    type: 'array',
    maxItems: 200,
    items: { ...text, maxLength: 50_000 },
  })
  const each = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${at}`, cheap]))
  const together = await refused(schemaOf(object(each)))
  assert.doesNotMatch(together, /estimated rule cost exceeds budget/)
  assert.equal(together.match(/contributed to estimated rule cost total exceeding cost limit/g)?.length, 4)
  assert.match(together, /total for entire OpenAPIv3 schema exceeds budget by factor of 1\.\d{6}x/)
})

test('messages, reasons and paths are the rule’s', async () => {
  const spec = object(
    { x: number, most: number, colors: { type: 'object', maxProperties: 5, additionalProperties: number } },
    { rule: 'self.x <= self.most', messageExpression: '"x is %d, more than %d".format([self.x, self.most])' },
    { rule: 'self.x != 6', message: ' six is no number ', reason: 'FieldValueForbidden', fieldPath: '.x' },
    { rule: 'self.x != 7', reason: 'FieldValueDuplicate', fieldPath: ".colors['red']" },
    { rule: 'self.x != 8', messageExpression: '"\\n"', message: 'plain', reason: 'FieldValueRequired' },
  )
  const at = await established(wire, { schema: schemaOf(spec) })
  assert.match(await message(at, widget('a', { spec: { x: 2, most: 1 } })), /spec: Invalid value: x is 2, more than 1$/)
  assert.match(await message(at, widget('a', { spec: { x: 6, most: 9 } })), /spec\.x: Forbidden: six is no number$/)
  assert.match(
    await message(at, widget('a', { spec: { x: 7, most: 9 } })),
    /spec\.colors\[red\]: Duplicate value: failed rule: self\.x != 7$/,
  )
  assert.match(await message(at, widget('a', { spec: { x: 8, most: 9 } })), /spec: Required value: plain$/)
})

test('transitions are judged against what was before, in lists by their keys', async () => {
  const item = object({ id: text, n: number }, 'self.n >= oldSelf.n')
  const list = {
    type: 'array',
    maxItems: 10,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['id'],
    items: { ...item, required: ['id'] },
  }
  const num = ruled(['self > oldSelf'], number)
  const first = ruled([{ rule: 'oldSelf.hasValue() || self == "start"', optionalOldSelf: true }], text)
  const at = await established(wire, { schema: schemaOf(object({ num, first, list })) })
  await fine(at, widget('a', { spec: { num: 10, first: 'start', list: [{ id: 'a', n: 1 }, { id: 'b', n: 5 }] } })) // prettier-ignore
  assert.match(await message(at, widget('b', { spec: { first: 'other' } })), /failed rule: oldSelf\.hasValue/)
  const patch = (spec: object) => wire.call('PATCH', `${at}/a`, { headers: mergePatch, body: { spec } })
  const down = await patch({ num: 9 })
  assert.equal(down.status, 422)
  assert.match(down.json.message, /spec\.num: Invalid value: 9: failed rule: self > oldSelf/)
  // Turned round, and one of them lower.
  const turned = await patch({ num: 11, list: [{ id: 'b', n: 4 }, { id: 'a', n: 2 }, { id: 'c', n: 0 }] }) // prettier-ignore
  assert.match(turned.json.message, /spec\.list\[0\]: Invalid value: failed rule: self\.n >= oldSelf\.n$/)
  assert.equal((await patch({ num: 11, list: [{ id: 'b', n: 6 }, { id: 'a', n: 2 }] })).status, 200) // prettier-ignore
  // A transition rule holds also where nothing changes.
  assert.equal((await patch({ first: 'z' })).status, 422)
})

test('what was wrong before and has not changed is told as a warning', async () => {
  const at = await established(wire, { schema: schemaOf(object({ a: number, b: number, list: numbers(5) })) })
  await fine(at, widget('w', { spec: { a: 1, b: 1, list: [1, 9] } }))
  const stricter = schemaOf(
    object({
      a: ruled(['self > 5'], number),
      b: number,
      list: { type: 'array', maxItems: 5, items: ruled(['self < 5'], number) },
    }),
  )
  const path = `${definitions}/widgets.example.com`
  const { json } = await wire.call('GET', path)
  json.spec.versions[0].schema.openAPIV3Schema = stricter
  assert.equal((await wire.call('PUT', path, { body: json })).status, 200)
  const patch = (spec: object) => wire.call('PATCH', `${at}/w`, { headers: mergePatch, body: { spec } })
  let reply = await patch({ b: 2 })
  for (let tries = 0; reply.headers['warning'] === undefined && tries < 200; tries++) reply = await patch({ b: tries })
  assert.equal(reply.status, 200)
  assert.match(String(reply.headers['warning']), /spec\.a: Invalid value: 1: failed rule: self > 5/)
  assert.match(String(reply.headers['warning']), /spec\.list\[1\]: Invalid value: 9: failed rule: self < 5/)
  assert.match((await patch({ a: 2 })).json.message, /spec\.a: Invalid value: 2: failed rule: self > 5$/)
  assert.match((await patch({ list: [1, 9, 2] })).json.message, /spec\.list\[1\]: Invalid value: 9: failed rule/)
})

test('the names of whole objects are visible, at the root and inside', async () => {
  const inner = ruled(['self.metadata.name.startsWith("i") && self.kind == "Thing"'], {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    'x-kubernetes-preserve-unknown-fields': true,
  })
  const schema = ruled(['self.metadata.name.startsWith("w") && self.apiVersion == "example.com/v1"'], schemaOf(inner))
  const at = await established(wire, { schema })
  const spec = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'in' } }
  await fine(at, widget('wide', { spec }))
  assert.match(await message(at, widget('narrow', { spec })), /<nil>: Invalid value: failed rule: self\.metadata\.name/)
  assert.match(
    await message(at, widget('wide2', { spec: { ...spec, metadata: { name: 'x' } } })),
    /spec: Invalid value: failed rule: self\.metadata\.name\.startsWith\("i"\)/,
  )
  assert.match(await refused(ruled(['self.metadata.labels.size() == 0'], schemaOf({ type: 'object' }))), /undefined field 'labels'/) // prettier-ignore
})

test('values whose names mean something elsewhere are values like others', async () => {
  const map = {
    type: 'object',
    maxProperties: 10,
    additionalProperties: ruled(["self != 'bad'"], { ...text, maxLength: 9 }),
  }
  const spec = object({ map }, "!('constructor' in self.map)", "!has(self.map) || self.map.all(k, k != 'toString')")
  const at = await established(wire, { schema: schemaOf(spec) })
  await fine(at, widget('a', { spec: { map: { a: 'b' } } }))
  const body = `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"b"},"spec":{"map":{"__proto__":"bad","constructor":"x"}}}`
  const reply = await wire.call('POST', at, { body })
  assert.equal(reply.status, 422, reply.text)
  assert.match(reply.json.message, /spec\.map\[__proto__\]: Invalid value: "bad": failed rule/)
  assert.match(reply.json.message, /spec: Invalid value: failed rule: !\('constructor' in self\.map\)/)
})
