import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '#codec/cel/compile.ts'
import { Place } from '../place.ts'
import { checkSelectors, environment } from './selectors.ts'

const nested = (depth: number): string =>
  depth === 0 ? "int('1'.find('[0-9]*')) < 100" : `[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(x${depth}, ${nested(depth - 1)})`

/** Numbers of upstream's own tests (dynamic-resource-allocation/cel). */
const costs: readonly (readonly [expression: string, most: number])[] = [
  ['true', 0],
  ['device.attributes["no-such-domain"]["noSuchAttr"].isGreaterThan(quantity("0"))', 6],
  ['"dra.example.com" in device.attributes', 3],
  ['device.driver == ""', 2],
  ['device.driver == "dra.example.com"', 4],
  ['device.attributes["dra.example.com"].name', 4],
  ['device.attributes["dra.example.com"]["name"]', 4],
  ['cel.bind(dra, device.attributes["dra.example.com"], dra.name)', 15],
  ['device.attributes["dra.example.com"].name > 0', 5],
  ['device.attributes["dra.example.com"].name == "fish"', 5],
  ['device.attributes["dra.example.com"].name.isGreaterThan(semver("0.0.1"))', 6],
  ['device.attributes["a"].name.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)', 7],
  ['device.capacity["dra.example.com"].name.isGreaterThan(quantity("1Ki"))', 6],
  ['"name" in device.capacity["a"] && device.capacity["a"].name.isGreaterThan(quantity("1Ki"))', 10],
  ['!("name" in device.capacity["a"]) || device.capacity["a"].name.isGreaterThan(quantity("1Ki"))', 11],
  ['device.attributes["x"].a && device.attributes["x"].b && device.attributes["x"].c', 12],
  ['device.attributes.exists_one(x, x == "dra.example.com")', 164],
  ['device.attributes["dra.example.com"].exists_one(x, x == "services")', 133],
  ['device.attributes["dra.example.com"].services.split("example").size() >= 2', 19],
  ['device.attributes["dra.example.com"].services.matches("[^a]?sym")', 18],
  ['device.capacity.exists_one(x, x == "dra.example.com")', 164],
  ['device.capacity["dra.example.com"].exists_one(x, x == "memory")', 133],
  [nested(7), 85_555_551],
  ['device.allowMultipleAllocations == true', 3],
]

for (const [expression, most] of costs)
  test(`at most ${most}: ${expression.slice(0, 80)}`, () => {
    const compiled = compile(expression, environment())
    assert.ok(compiled.ok)
    assert.equal(compiled.cost().max, most)
  })

test('a selector that may cost too much is refused, also where it may cost little', () => {
  const checked = (expression: string): readonly string[] => {
    const place = new Place('selectors')
    checkSelectors(place, [{ cel: { expression } }])
    return place.errors.map(({ path, detail }) => `${path}: ${detail}`)
  }
  const refused = ['selectors[0].cel.expression: too complex, exceeds cost limit']
  assert.deepEqual(checked(nested(7)), refused)
  assert.deepEqual(checked(`device.driver == "" || ${nested(7)}`), refused)
  assert.deepEqual(checked(nested(3)), [])
})
