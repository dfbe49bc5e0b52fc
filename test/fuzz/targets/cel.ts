/** Inputs: expressions over an object, a list and a map. */
import assert from 'node:assert/strict'
import { compile, compileUnchecked } from '#codec/cel/compile.ts'
import { Environment } from '#codec/cel/environment.ts'
import { fromJson, toJson } from '#codec/cel/json.ts'
import { everyLibrary, kubernetesLibraries } from '#codec/cel/libraries.ts'
import { dynType, intType, listType, mapType, stringType } from '#codec/cel/types.ts'
import type { CelType } from '#codec/cel/types.ts'
import { isError } from '#codec/cel/values.ts'
import type { Target } from '../target.ts'

const variables = new Map<string, CelType>([
  ['object', dynType],
  ['names', listType(stringType)],
  ['counts', mapType(stringType, intType)],
])
const strict = new Environment({ libraries: kubernetesLibraries, variables })
const lenient = new Environment({ libraries: everyLibrary, variables, strict: false })
const object: unknown = JSON.parse(
  '{"spec": {"replicas": 3, "names": ["a", "é👑"], "__proto__": {"x": 1}}, "s": "2026-01-01T00:00:00Z"}',
)
const values = new Map([
  ['object', fromJson(object)],
  ['names', fromJson(['a', 'b', '10.0.0.1'], listType(stringType))],
  ['counts', fromJson({ a: 1, b: -5 }, mapType(stringType, intType))],
])
/** As a rule of one request has it; less than what a whole policy may spend. */
const budget = 100_000

function run(input: Buffer): void {
  const source = input.toString()
  const bold = compileUnchecked(source, lenient)?.evaluate(values, { budget })
  assert.ok(bold === undefined || bold.cost >= 0)
  for (const environment of [strict, lenient]) {
    const compiled = compile(source, environment)
    if (!compiled.ok) {
      assert.ok(compiled.issues.length > 0 && compiled.text.startsWith('ERROR: <input>:'))
      continue
    }
    const { min, max } = compiled.cost()
    assert.ok(min >= 0 && max >= min, `cost from ${min} to ${max}`)
    const { value } = compiled.program.evaluate(values, { budget })
    assert.ok(isError(value) || toJson(value) !== undefined)
  }
}

export const cel: Target = {
  name: 'cel',
  words: [
    ...new Set([...strict.functions(), ...lenient.functions()].filter(name => /^[a-zA-Z.]+$/.test(name))),
    'object',
    'names',
    'counts',
    '.map(x, ',
    '.all(x, ',
    '.exists(x, ',
    '.filter(x, ',
    'has(',
    'cel.bind(x, ',
    ')',
    '(',
    '[',
    ']',
    '{',
    '}',
    ' ? ',
    ' : ',
    ' && ',
    ' || ',
    '!',
    '-',
    ' + ',
    ' * ',
    ' % ',
    ' / ',
    ' == ',
    ' in ',
    '.?',
    '[?',
    "'",
    '"""',
    "r'",
    "b'",
    '\\u',
    "'a'",
    '1',
    '1u',
    '1.5e300',
    '9223372036854775807',
    'null',
    'true',
    "duration('1h')",
    "quantity('1Ki')",
    "'%s'.format([",
  ],
  rounds: 2500,
  run,
}
