/** The cases of cel-spec and of cel-go's own tests, as far as they need no protobuf messages. Counts are pinned. */
import { tests as checking } from '@bufbuild/cel-spec/testdata/checking.js'
import { tests as comprehension } from '@bufbuild/cel-spec/testdata/comprehension.js'
import { tests as conformance } from '@bufbuild/cel-spec/testdata/conformance.js'
import { tests as parsing } from '@bufbuild/cel-spec/testdata/parsing.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile, compileUnchecked } from './compile.ts'
import type { Program } from './compile.ts'
import { equal } from './compare.ts'
import { declarations, deducedType, readTime, readValue } from './conformance.ts'
import type { Case, Suite } from './conformance.ts'
import { fn, method, text } from './define.ts'
import type { Library } from './define.ts'
import { Environment } from './environment.ts'
import { everyLibrary } from './libraries.ts'
import { formatDuration, formatTimestamp } from './time.ts'
import {
  boolType,
  bytesType,
  doubleType,
  dynType,
  formatType,
  intType,
  nullType,
  stringType,
  uintType,
} from './types.ts'
import type { CelType } from './types.ts'
import { Duration, isError, noSuchOverload, Timestamp, typeOf } from './values.ts'
import type { Result, Value } from './values.ts'

interface Told {
  readonly path: string
  readonly original: Case
  readonly type?: string
  readonly error?: string
}

const flatten = (suite: Suite, path: string): readonly Told[] => [
  ...(suite.tests ?? []).map(told => ({ ...told, path: `${path}/${told.original.name ?? told.original.expr}` })),
  ...(suite.suites ?? []).flatMap(inner => flatten(inner, `${path}/${inner.name}`)),
]

// The package's own types know nothing of what a case holds.
const read = (suite: unknown, name: string): readonly Told[] => flatten(suite as Suite, name)

const messages =
  /TestAllTypes|Proto2|messageType|cel\.expr\.|google\.(?:protobuf|type|api|expr)\.(?!Timestamp|Duration)/

/** Why a case cannot be asked, undefined for one that can. */
function inapplicable({ path, original }: Told): string | undefined {
  if (path.includes('/block_ext/')) return 'cel.block, which only optimizers write'
  if (original.container === 'google.protobuf' || messages.test(JSON.stringify(original))) return 'protobuf messages'
  return declarations(original) === undefined ? 'types that only messages have' : undefined
}

function environmentOf(original: Case, names: ReadonlyMap<string, CelType> = new Map()): Environment {
  const { variables, functions } = declarations(original) ?? { variables: [], functions: [] }
  const bound = original.disableCheck === true ? Object.keys(original.bindings ?? {}) : []
  return new Environment({
    libraries: [...everyLibrary, { overloads: functions }, granted],
    variables: new Map([...names, ...bound.map(name => [name, dynType] as const), ...variables]),
    strict: false,
    ...(original.container === undefined ? {} : { container: original.container }),
  })
}

function isSame(wanted: Value, found: Result): boolean {
  if (isError(found)) return false
  if (typeof wanted === 'number' && Number.isNaN(wanted)) return typeof found === 'number' && Number.isNaN(found)
  return equal(wanted, found) && formatType(typeOf(wanted)) === formatType(typeOf(found))
}

function judge(program: Program, original: Case): string | undefined {
  const bound = Object.entries(original.bindings ?? {}).map(([name, binding]) => [name, readBinding(binding)] as const)
  const { value: found } = program.evaluate(new Map(bound), { budget: 100_000_000 })
  if (original.evalError !== undefined) return isError(found) ? undefined : 'no error'
  if (isError(found)) return found.message
  const wanted = original.value ?? resultOf(original) ?? { boolValue: true }
  const time = readTime(wanted)
  if (time !== undefined) {
    if (found instanceof Timestamp) return formatTimestamp(found) === time ? undefined : formatTimestamp(found)
    return found instanceof Duration && formatDuration(found) === time ? undefined : 'another time'
  }
  const value = readValue(wanted)
  return value !== undefined && isSame(value, found) ? undefined : 'another value'
}

const part = (json: unknown, name: string): Case['value'] => {
  const found: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, name) : undefined
  return found as Case['value']
}
const resultOf = (original: Case): Case['value'] => part(original.typedResult, 'result')
const readBinding = (binding: unknown): Value => readValue(part(binding, 'value')) ?? null

/** What is wrong, undefined for a pass. */
function run({ original, type }: Told): string | undefined {
  const environment = environmentOf(original)
  if (original.disableCheck === true) {
    const program = compileUnchecked(original.expr, environment)
    return program === undefined ? 'does not parse' : judge(program, original)
  }
  const compiled = compile(original.expr, environment)
  if (!compiled.ok) return compiled.text
  const wanted = deducedType(original) ?? type
  if (wanted !== undefined && formatType(compiled.type) !== wanted)
    return `type ${formatType(compiled.type)}, not ${wanted}`
  return original.checkOnly === true ? undefined : judge(compiled.program, original)
}

function count(reasons: readonly (string | undefined)[]): Readonly<Record<string, number>> {
  const groups = Map.groupBy(reasons, reason => reason ?? 'asked')
  return Object.fromEntries([...groups].map(([reason, all]) => [reason, all.length]))
}

test('every case of cel-spec that needs no protobuf message', () => {
  const cases = read(conformance, 'conformance')
  const asked = cases.filter(told => inapplicable(told) === undefined)
  const failed = asked.flatMap(told => {
    const reason = run(told)
    return reason === undefined ? [] : [`${told.path}: ${told.original.expr}: ${reason}`]
  })
  assert.deepEqual(failed, [])
  assert.deepEqual(count(cases.map(inapplicable)), {
    asked: 1625,
    'protobuf messages': 682,
    'cel.block, which only optimizers write': 37,
  })
})

/** What cel-go's own tests take for granted. */
const granted: Library = {
  overloads: [
    fn('fg_s', [], { gives: stringType, run: noSuchOverload }),
    method('fi_s_s', [text], { gives: stringType, run: noSuchOverload }),
  ],
}
const grantedNames = new Map([
  ['is', stringType],
  ['ii', intType],
  ['iu', uintType],
  ['iz', boolType],
  ['ib', bytesType],
  ['id', doubleType],
  ['ix', nullType],
])

/** Settings that Kubernetes has otherwise: no optionals, no comparing of ints to doubles, no macros, less depth. */
const otherSettings =
  /unsupported syntax|overload for '_[<>]=?_' applied|(?:limit|depth) exceeded|is not a type|undeclared reference to 'existsOne'/

/** cel-go's text, with the name that Kubernetes gives to the source. Of what does not parse, where that begins. */
const cleaned = (told: string): string => {
  const named = told.replaceAll(/^ERROR: :/gm, 'ERROR: <input>:')
  return /^.*?: (?:Syntax error|reserved identifier)/.exec(named)?.[0] ?? named
}

test("types and errors of cel-go's own tests", () => {
  const asked = [...read(checking, 'checking'), ...read(parsing, 'parsing')].filter(
    told =>
      inapplicable(told) === undefined &&
      (told.type !== undefined || told.error !== undefined) &&
      !otherSettings.test(told.error ?? ''),
  )
  const differing = asked.flatMap(told => {
    const names = told.path.startsWith('checking/') ? grantedNames : undefined
    const compiled = compile(told.original.expr, environmentOf(told.original, names))
    const found = compiled.ok ? formatType(compiled.type) : cleaned(compiled.text)
    const wanted = told.type ?? cleaned(told.error ?? '')
    return found === wanted ? [] : [`${told.path}\n--- ${wanted}\n+++ ${found}`]
  })
  assert.deepEqual(differing, [])
  assert.equal(asked.length, 232)
})

test("what cel-go's own tests of loops over two variables claim", () => {
  const programs = read(comprehension, 'comprehension').flatMap(({ original }) => {
    const compiled = compile(original.expr, environmentOf(original))
    return compiled.ok && compiled.type.kind === 'bool' ? [{ original, program: compiled.program }] : []
  })
  const wrong = programs.filter(({ program }) => program.evaluate(new Map()).value !== true)
  assert.deepEqual(
    wrong.map(({ original }) => original.expr),
    [],
  )
  assert.equal(programs.length, 50)
})
