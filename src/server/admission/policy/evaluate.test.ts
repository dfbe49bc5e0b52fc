import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Breaks } from '#base/breaks.ts'
import { PolicyCompiler } from '#codec/cel/policy.ts'
import { requestOf } from '../fixture.ts'
import { type Budget, OutOfBudget, type Scope, type Turns, conditionsHold, evaluate, evaluateEach, scopeOf } from './evaluate.ts' // prettier-ignore
import { ownPlace } from '../webhook/match.ts'

const request = requestOf({ object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } } })

interface Setting {
  readonly compiler: PolicyCompiler
  readonly scope: (budget: Budget) => Scope
}

function setting(object: object, variables: Readonly<Record<string, string>> = {}): Setting {
  const compiler = new PolicyCompiler({ params: true, composed: true })
  const expressions = new Map(
    Object.entries(variables).map(([name, source]) => [name, compiler.variable(name, source)] as const),
  )
  const subject = { match: ownPlace(request), request, object, old: null, namespace: undefined, params: undefined }
  return {
    compiler,
    scope: budget => scopeOf([], subject, { variables: { type: compiler.type, expressions }, budget }),
  }
}

const quiet = (): Breaks => new Breaks(async () => {}, Infinity)
const numbers = (length: number): object => ({ l: Array.from({ length }, (_, at) => at) })
const dear = 'object.l.all(x, object.l.all(y, x + y >= 0))'

test('what variables cost is paid once for each scope', () => {
  const { compiler, scope } = setting(numbers(100), { dear })
  const budget = { left: 1_000_000 }
  const within = scope(budget)
  evaluate(compiler.compile('variables.dear'), within)
  const first = 1_000_000 - budget.left
  assert.ok(first > 30_000, String(first))
  evaluate(compiler.compile('variables.dear'), within)
  assert.ok(1_000_000 - budget.left < first + 10)
  evaluate(compiler.compile('variables.dear'), scope(budget))
  assert.ok(1_000_000 - budget.left > 2 * first - 10)
})

test('a budget that is used up ends everything, one expression that costs too much only itself', async () => {
  const { compiler, scope } = setting(numbers(100), { dear })
  assert.throws(() => evaluate(compiler.compile(dear), scope({ left: 1000 })), OutOfBudget)
  assert.throws(() => evaluate(compiler.compile('variables.dear'), scope({ left: 1000 })), OutOfBudget)
  const more = setting(numbers(2000))
  const outcomes = await evaluateEach(
    [more.compiler.compile(dear), more.compiler.compile('true')],
    more.scope({ left: 10_000_000 }),
    quiet(),
  )
  assert.deepEqual(outcomes, [
    { error: `expression '${dear}' resulted in error: operation cancelled: actual cost limit exceeded` },
    { value: true },
  ])
})

test('others have their turn when much was evaluated', async () => {
  const { compiler, scope } = setting(numbers(100))
  let breaks = 0
  const each = Array.from({ length: 10 }, () => compiler.compile(dear))
  await evaluateEach(each, scope({ left: 10_000_000 }), new Breaks(async () => void breaks++, 100_000))
  assert.ok(breaks >= 3 && breaks < 10, String(breaks))
})

test('conditions: one that does not hold decides, then errors do', async () => {
  const { compiler, scope } = setting({ a: 1 })
  const turns: Turns = { scope, breaks: quiet() }
  const holds = (...sources: readonly string[]) =>
    conditionsHold(
      sources.map(source => compiler.compile(source)),
      turns,
    )
  assert.equal(await holds(), true)
  assert.equal(await holds('true', 'object.a == 1'), true)
  assert.equal(await holds('object.none', 'false'), false)
  assert.deepEqual(await holds('object.none == 1', 'true', 'object.none == 1'), {
    error: "expression 'object.none == 1' resulted in error: no such key: none",
  })
  assert.deepEqual(await holds('object.b == 1', '1 / 0 == 1'), {
    error:
      "[expression 'object.b == 1' resulted in error: no such key: b, expression '1 / 0 == 1' resulted in error: division by zero]",
  })
})

test('names that mean something elsewhere are names of variables like others', () => {
  const { compiler, scope } = setting({}, { constructor: '"c"', toString: '"t"', hasOwnProperty: '"h"' })
  const outcome = evaluate(
    compiler.compile('variables.constructor + variables.toString + variables.hasOwnProperty'),
    scope({ left: 1000 }),
  )
  assert.deepEqual(outcome, { value: 'cth' })
  assert.ok(!compiler.compile('variables.valueOf').ok)
})
