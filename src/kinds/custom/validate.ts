/** What is wrong with a custom resource, in the order and the words of upstream. */
import type { Pause } from '#base/breaks.ts'
import { stringifyJson } from '#codec/json.ts'
import { qualifiedName } from '#api/names.ts'
import type { KindVersion, ScalePaths, WriteContext } from '#api/kind.ts'
import type { KObject } from '#api/metadata.ts'
import { FieldError, invalidValue } from '#api/validation.ts'
import { checkValue, nothingBefore } from '#codec/values/check.ts'
import type { Props } from '../apiextensions/schemas.ts'
import { propertyOf } from '../apiextensions/schemas.ts'
import { embeddedErrors } from './embedded.ts'
import { listErrors } from './lists.ts'
import { type Before, hasRules, ruleErrors, ruleErrorsInTurns } from './rules.ts'

export interface Judge {
  readonly version: KindVersion
  readonly props: Props
  readonly scale: ScalePaths | undefined
  /** Told what is wrong with the object and was so before. */
  readonly warn: (text: string) => void
}

const partOf = (object: KObject | undefined, name: string): unknown =>
  object !== undefined && Object.hasOwn(object, name) ? Reflect.get(object, name) : undefined

interface Plain {
  readonly errors: readonly FieldError[]
  /** What rules are told; undefined: they are not asked. */
  readonly before: Before | undefined
}

/** What is wrong before rules are asked. */
function plainErrors(judge: Judge, object: KObject, { old, subresource }: WriteContext): Plain {
  const { version, props, scale, warn } = judge
  const schema = version.schema()
  const errors = [
    ...(subresource === 'status' ? statusErrors(props, object, old) : valueErrors(props, object, old)),
    ...(scale === undefined ? [] : scaleErrors(scale, object, subresource)),
    ...(subresource === 'status' ? [] : embeddedErrors(schema, object)),
    ...(old === undefined || listErrors(schema, old).length === 0 ? listErrors(schema, object) : []),
  ]
  const blocking = errors.some(error => blocks.has(error.reason))
  if (blocking) return { errors: hasRules(props) ? [...errors, unchecked] : errors, before: undefined }
  return { errors, before: { warn, old: old === undefined ? undefined : { value: old } } }
}

/** @param object in the version that is asked for, like `old`. */
export function customErrors(judge: Judge, object: KObject, context: WriteContext): readonly FieldError[] {
  const { errors, before } = plainErrors(judge, object, context)
  return before === undefined ? errors : [...errors, ...ruleErrors(judge.props, object, before)]
}

interface InTurns extends WriteContext {
  readonly pause: Pause
}

/** As `customErrors`, with breaks. */
export async function customErrorsInTurns(
  judge: Judge,
  object: KObject,
  { pause, ...context }: InTurns,
): Promise<readonly FieldError[]> {
  const { errors, before } = plainErrors(judge, object, context)
  if (before === undefined) return errors
  return [...errors, ...(await ruleErrorsInTurns(judge.props, object, { pause, ...before }))]
}

/** Rules count on types and required fields. */
const blocks: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])
const unchecked = new FieldError('FieldValueInvalid', '', {
  value: null,
  detail:
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
})

const valueErrors = (props: Props, object: KObject, old: KObject | undefined): readonly FieldError[] =>
  checkValue(props, object, old === undefined ? {} : { old })

function statusErrors(props: Props, object: KObject, old: KObject | undefined): readonly FieldError[] {
  const schema = propertyOf(props, 'status')
  const status = partOf(object, 'status')
  if (schema === undefined || status === undefined) return []
  return checkValue(schema, status, { prefix: 'status', old: partOf(old, 'status') ?? nothingBefore })
}

function at(object: KObject, path: string): unknown {
  let value: unknown = object
  for (const step of path.split('.').filter(part => part !== '')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = Reflect.get(value, step)
  }
  return value
}

function goType(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'float64' : 'string'
}

const mistyped = (path: string, value: unknown, wanted: string): string =>
  `${path} accessor error: ${typeof value === 'string' ? value : stringifyJson(value)} is of the type ${goType(value)}, expected ${wanted}`

const mostReplicas = 2 ** 31 - 1

function countErrors(object: KObject, path: string): readonly FieldError[] {
  const value = at(object, path)
  if (value === undefined) return []
  if (!Number.isInteger(value)) return [invalidValue(path, 0, mistyped(path, value, 'int64'))]
  const count = Number(value)
  if (count < 0) return [invalidValue(path, count, 'should be a non-negative integer')]
  return count > mostReplicas ? [invalidValue(path, count, `should be less than or equal to ${mostReplicas}`)] : []
}

function scaleErrors(scale: ScalePaths, object: KObject, subresource: string): readonly FieldError[] {
  const selector = scale.selector === undefined ? undefined : at(object, scale.selector)
  return [
    ...(subresource === 'status' ? [] : countErrors(object, scale.specReplicas)),
    ...countErrors(object, scale.statusReplicas),
    ...(scale.selector !== undefined && selector !== undefined && typeof selector !== 'string'
      ? [invalidValue(scale.selector, '', mistyped(scale.selector, selector, 'string'))]
      : []),
  ]
}

const ours = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])

/** Of finalizers whose names may collide with others'. */
export function customWarnings(object: KObject, { old, subresource }: WriteContext): readonly string[] {
  if (subresource === 'status') return []
  const before = new Set(old?.metadata.finalizers)
  const added = (object.metadata.finalizers ?? []).filter(name => !before.has(name)).toSorted()
  return added.flatMap(name => {
    const place = `metadata.finalizers: ${JSON.stringify(name)}: `
    const path = name.includes('.') ? ' including a path (/)' : ''
    return [
      ...qualifiedName(name).map(problem => place + problem),
      ...(name.includes('/') || ours.has(name)
        ? []
        : [
            `${place}prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
          ]),
    ]
  })
}
