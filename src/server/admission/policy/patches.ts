/** What the expressions of a policy that mutates make of an object. */
import type { Served } from '#api/kind.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { StatusError } from '#api/status.ts'
import { mergedConfig } from '#codec/apply/merge.ts'
import { apiVersionOf, rootShape } from '#codec/apply/scope.ts'
import type { Shape } from '#codec/apply/shape.ts'
import { mapOf, shapeAt } from '#codec/apply/whole.ts'
import { toJson } from '#codec/cel/json.ts'
import { misnamedObjects } from '#codec/cel/mutation.ts'
import { CelList, CelMap, type Value, isError } from '#codec/cel/values.ts'
import { TestFailed } from '#codec/patch/errors.ts'
import { applyJsonPatch } from '#codec/patch/json.ts'
import { copyOf } from '#codec/patch/tree.ts'
import { PolicyFailure } from './matching.ts'

/** A configuration as an apply takes it: unknown fields are refused. @throws StatusError */
export type Configure = (content: unknown, served: Served) => Draft<KObject>

export interface Patched {
  /** In the version that was matched; the caller's own. */
  readonly object: object
  readonly served: Served
  readonly configure: Configure
}

/** Objects inside of an object are called after the fields that lead to them. */
function named(value: Value): void {
  if (!(value instanceof CelMap) || value.type?.kind !== 'object') return
  const wrong = misnamedObjects(value, value.type.name)
  if (wrong.length > 0) throw new PolicyFailure(`type mismatch: ${wrong.join('\n')}`)
}

function jsonOf(value: Value): unknown {
  const made = toJson(value)
  if (isError(made)) throw new PolicyFailure(made.message)
  return made.json
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Parts that are only ever replaced as a whole: a policy that sees some of them may not make up the rest. */
function atomics(value: unknown, shape: Shape, path = ''): readonly string[] {
  const isList = Array.isArray(value)
  if (shape.type === 'leaf' && (isList || isObject(value))) return [path]
  if (isList && shape.type === 'deduced') return [path]
  const map = mapOf(shape)
  if (map !== undefined && isObject(value))
    return Object.entries(value).flatMap(([name, inner]) => atomics(inner, shapeAt(map, name), `${path}.${name}`))
  if (shape.type !== 'list' || !isList) return []
  const { items } = shape
  return value.flatMap((item: unknown, at) => atomics(item, items, `${path}[${at}]`))
}

const refusedConfig = (error: StatusError): PolicyFailure => {
  // Upstream names no object here.
  const what = error.message.replace(/^failed to create typed patch object \([^)]*\): /, '')
  const prefix = error.message === what ? '' : 'failed to convert patch object to typed object: '
  return new PolicyFailure(`error applying patch: ${prefix}${what}`)
}

/** @throws PolicyFailure */
export function applyConfiguration(value: Value, { object, served, configure }: Patched): unknown {
  if (!(value instanceof CelMap)) throw new PolicyFailure('unsupported return type from ApplyConfiguration expression')
  // A value without end has no JSON, so that its names are not looked for.
  const content = jsonOf(value)
  named(value)
  const shape = rootShape(served.version)
  const found = atomics(content, shape)
  if (found.length > 0)
    throw new PolicyFailure(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${found.join(', ')}`,
    )
  const { kind } = served.kind
  try {
    const config = configure({ metadata: {}, ...Object(content), apiVersion: apiVersionOf(served), kind }, served)
    // What it shares with the object is everybody's.
    return copyOf(mergedConfig(shape, object, config))
  } catch (error) {
    if (error instanceof StatusError) throw refusedConfig(error)
    throw error
  }
}

function operationOf(value: Value): object {
  if (!(value instanceof CelMap))
    throw new PolicyFailure('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch')
  const content = value.get('value')
  if (isError(content)) throw new PolicyFailure(content.message)
  const { op = '', path = '', from = '', value: json }: Readonly<Record<string, unknown>> = Object(jsonOf(value))
  if (content !== undefined) named(content)
  return { op, path, ...(from === '' ? {} : { from }), ...(content === undefined ? {} : { value: json }) }
}

/** The same object when a test in it fails. @throws PolicyFailure */
export function applyPatch(value: Value, { object }: Patched): unknown {
  if (!(value instanceof CelList))
    throw new PolicyFailure('type mismatch: JSONPatchType.expression should evaluate to array')
  const operations = value.items().map(item => {
    if (isError(item)) throw new PolicyFailure(item.message)
    return operationOf(item)
  })
  try {
    return applyJsonPatch(object, operations)
  } catch (error) {
    if (error instanceof TestFailed) return object
    if (error instanceof StatusError) throw new PolicyFailure(`JSON Patch: ${error.message}`)
    throw error
  }
}
