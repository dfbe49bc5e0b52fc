import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JSONSchemaProps as Props } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { Place } from '../place.ts'
import { ruleErrors, ruleErrorsInTurns, ruleProblems } from './rules.ts'

const rules = (...all: readonly string[]) => all.map(rule => ({ rule }))
const ruled = (schema: Props, ...all: readonly string[]): Props => ({ ...schema, 'x-kubernetes-validations': rules(...all) }) // prettier-ignore
const object = (properties: Readonly<Record<string, Props>>, ...all: readonly string[]): Props =>
  ruled({ type: 'object', properties }, ...all)
const number: Props = { type: 'integer' }
const text: Props = { type: 'string', maxLength: 20 }

const problems = (schema: Props): readonly string[] => {
  const place = new Place('s')
  ruleProblems(place, schema)
  return place.errors.map(error => error.message())
}
const messages = (schema: Props, self: unknown, old?: unknown): readonly string[] =>
  ruleErrors(schema, self, old === undefined ? {} : { old: { value: old } }).map(error => error.message())
const told = (schema: Props, self: unknown, old: unknown): readonly string[] => {
  const texts: string[] = []
  ruleErrors(schema, self, { old: { value: old }, warn: one => texts.push(one) })
  return texts
}

test('every value of a node is judged, where it is', () => {
  const schema = object({
    list: { type: 'array', items: object({ n: ruled(number, 'self > 0') }, 'self.n != 7') },
    map: { type: 'object', additionalProperties: ruled(text, 'self != "bad"') },
  })
  const self = { list: [{ n: 1 }, { n: 0 }, { n: 7 }, null], map: { a: 'bad', __proto__: 'bad', 'x/y': 'fine' } }
  assert.deepEqual(messages(schema, { ...self, map: JSON.parse('{"a":"bad","__proto__":"bad","x/y":"fine"}') }), [
    'list[1].n: Invalid value: 0: failed rule: self > 0',
    'list[2]: Invalid value: failed rule: self.n != 7',
    'map[a]: Invalid value: "bad": failed rule: self != "bad"',
    'map[__proto__]: Invalid value: "bad": failed rule: self != "bad"',
  ])
})

test('transitions are judged where there was something before; keys of any size tell items apart', () => {
  const item = { ...object({ id: { type: 'integer', format: 'int64' }, n: number }, 'self.n >= oldSelf.n'), required: ['id'] } // prettier-ignore
  const keyed: Props = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'], items: item } // prettier-ignore
  const schema = object({ keyed, atomic: object({ n: ruled(number, 'self > oldSelf') }) })
  const big = 9_007_199_254_740_993n
  assert.deepEqual(
    messages(
      schema,
      { keyed: [{ id: big + 2n, n: 1 }, { id: big, n: 4 }, { id: 1, n: 0 }], atomic: { n: 1 } }, // prettier-ignore
      { keyed: [{ id: big, n: 5 }, { id: big + 2n, n: 1 }], atomic: { n: null } }, // prettier-ignore
    ),
    ['keyed[1]: Invalid value: failed rule: self.n >= oldSelf.n'],
  )
  assert.deepEqual(messages(schema, { atomic: { n: 1 } }, { atomic: { n: 1 } }), [
    'atomic.n: Invalid value: 1: failed rule: self > oldSelf',
  ])
})

test('an optional old value is there for new objects too', () => {
  const schema = object({
    n: { ...number, 'x-kubernetes-validations': [{ rule: '!oldSelf.hasValue() || self == oldSelf.value() + 1', optionalOldSelf: true }] }, // prettier-ignore
  })
  assert.deepEqual(messages(schema, { n: 5 }), [])
  assert.deepEqual(messages(schema, { n: 6 }, { n: 5 }), [])
  assert.equal(messages(schema, { n: 7 }, { n: 5 }).length, 1)
})

test('what has not changed is told and no obstacle, also inside of lists whose items nobody can follow', () => {
  const schema = object(
    { list: { type: 'array', items: ruled(number, 'self < 5') }, n: ruled(number, 'self < 5') },
    'self.n < 5',
  )
  const old = { list: [9], n: 9 }
  assert.deepEqual(messages(schema, old, old), [])
  assert.equal(told(schema, old, old).length, 3)
  // The list is another one, and the object that n is part of, but n is not.
  assert.deepEqual(messages(schema, { list: [9, 1], n: 9 }, old), [
    '<nil>: Invalid value: failed rule: self.n < 5',
    'list[0]: Invalid value: 9: failed rule: self < 5',
  ])
  assert.deepEqual(told(schema, { list: [9, 1], n: 9 }, old), ['n: Invalid value: 9: failed rule: self < 5'])
})

test('rules may use old values only where these can be found', () => {
  const uses = ruled(number, 'self > oldSelf')
  assert.deepEqual(problems(object({ a: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { n: uses } } })), []) // prettier-ignore
  for (const listType of ['atomic', 'set'])
    assert.match(
      problems(object({ l: { type: 'array', maxItems: 5, 'x-kubernetes-list-type': listType, items: uses } })).join(),
      /oldSelf cannot be used on the uncorrelatable portion of the schema within s\.properties\[l\]$/,
    )
})

test('costs count as often as a value may occur', () => {
  const rule = ruled({ ...text, maxLength: 100_000 }, 'self.contains("a")')
  const list = (maxItems: number | undefined, items: Props): Props => ({ type: 'array', items, ...(maxItems === undefined ? {} : { maxItems }) }) // prettier-ignore
  assert.deepEqual(problems(object({ l: list(10, rule) })), [])
  assert.match(problems(object({ l: list(10, list(100, rule)) })).join(), /estimated rule cost exceeds budget by factor of 4\.0x/) // prettier-ignore
  assert.match(problems(object({ l: list(undefined, rule) })).join(), /exceeds budget by factor of more than 100x/)
})

const dear = object(
  { l: { type: 'array', maxItems: 700, items: number } },
  ...Array.from({ length: 20 }, () => 'self.l.all(x, self.l.all(y, x == y || x != y))'),
)
const long = (length: number): object => ({ l: Array.from({ length }, (_, at) => at) })

test('the budget is one for all rules of an object; what is left is not evaluated', async () => {
  const runOut =
    '<nil>: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run'
  assert.deepEqual(messages(dear, long(300)), [runOut])
  assert.deepEqual(messages(dear, long(20)), [])
  let breaks = 0
  const errors = await ruleErrorsInTurns(dear, long(300), { pause: async () => void breaks++ })
  assert.deepEqual(errors.map(error => error.message()), [runOut]) // prettier-ignore
  assert.ok(breaks >= 10, String(breaks))
})

test('a message of the rule’s own may use up the budget, and then ends the rest', () => {
  const rule = { rule: 'false', messageExpression: '"x".matches("y") ? "" : string(self.l.all(x, self.l.all(y, self.l.all(z, x + y + z >= 0))))' } // prettier-ignore
  const schema: Props = { ...object({ l: { type: 'array', maxItems: 10, items: number } }), 'x-kubernetes-validations': [rule, { rule: 'false' }] } // prettier-ignore
  assert.match(
    messages(schema, long(300)).join('\n'),
    /^<nil>: Invalid value: "object": no further validation rules will be run due to call cost exceeds limit for messageExpression: "[^\n]*$/,
  )
})
