/**
 * Values against an OpenAPI v3 schema as a custom resource definition has it, with the messages of upstream's validator.
 * Where an old value is given, what was wrong before and is unchanged is no error.
 */
import { stringifyJson } from '../json.ts'
import { equal } from '#base/equal.ts'
import { FieldError, notOneOf, required, tooLong, tooMany } from '#api/validation.ts'
import type { JSONSchemaProps } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { isKnownFormat, stringFormat } from './formats.ts'
import { goNumber, isMultiple } from './numbers.ts'
import { matchesPattern } from './pattern.ts'

type Schema = JSONSchemaProps
type Fields = Readonly<Record<string, unknown>>

/** Stands for an old value that there is none of. */
export const nothingBefore: unique symbol = Symbol('nothing before')

/** Where a value is; becomes text only when something is wrong. */
export interface Where {
  readonly parent: Where | undefined
  readonly segment: string | number
}

/** More are of no use to anybody. */
const mostErrors = 1000

class Walk {
  readonly errors: FieldError[] = []
  /** How much was right: the best of several alternatives is the one to report. */
  matched = 0
  readonly full: () => boolean = () => this.errors.length >= mostErrors
}

export interface CheckOptions {
  /** Put before every path, not into the messages. */
  readonly prefix?: string
  readonly old?: unknown
}

export function checkValue(schema: Schema, value: unknown, options: CheckOptions = {}): readonly FieldError[] {
  const walk = new Walk()
  check(schema, value, { walk, where: undefined, old: 'old' in options ? options.old : nothingBefore })
  const { prefix } = options
  return prefix === undefined ? walk.errors : walk.errors.map(error => moved(error, prefix))
}

const moved = (error: FieldError, prefix: string): FieldError =>
  new FieldError(
    error.reason,
    error.path === '' || error.path.startsWith('[') ? prefix + error.path : `${prefix}.${error.path}`,
    {
      value: error.value,
      detail: error.detail,
    },
  )

interface At {
  readonly walk: Walk
  readonly where: Where | undefined
  readonly old: unknown
}

export function pathText(where: Where | undefined): string {
  if (where === undefined) return ''
  const before = pathText(where.parent)
  if (typeof where.segment === 'number') return `${before}[${where.segment}]`
  return before === '' ? where.segment : `${before}.${where.segment}`
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function check(schema: Schema, value: unknown, at: At): void {
  const { walk, old } = at
  if (walk.full()) return
  const before = walk.errors.length
  checkAll(schema, value, at)
  if (walk.errors.length > before && old !== nothingBefore && equal(value, old)) walk.errors.length = before
}

function checkAll(schema: Schema, value: unknown, at: At): void {
  checkType(schema, value, at)
  if (value === null || value === undefined) return checkEnum(schema, value, at)
  checkAlternatives(schema, value, at)
  if (typeof value === 'string') checkString(schema, value, at)
  else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(schema, value, at)
  else if (Array.isArray(value)) checkArray(schema, value, at)
  checkEnum(schema, value, at)
  if (isObject(value)) checkObject(schema, value, at)
  at.walk.matched++
}

const typesOf = (schema: Schema): readonly string[] =>
  schema['x-kubernetes-int-or-string'] === true
    ? ['integer', 'string']
    : schema.type === undefined || schema.type === ''
      ? []
      : [schema.type]

const isWhole = (value: unknown): boolean => typeof value === 'bigint' || Number.isInteger(value)

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isWhole(value)) return 'integer'
  return typeof value
}

function wrong(at: At, value: unknown, text: string): void {
  const path = pathText(at.where)
  at.walk.errors.push(new FieldError('FieldValueInvalid', path, { value, detail: `${path} in body ${text}` }))
}

/** @param shown what stands for the value in the message, and is shown as the wrong value. */
function wrongType(at: At, type: string, shown: string): void {
  const path = pathText(at.where)
  const detail = `${path} in body must be of type ${type}: ${stringifyJson(shown)}`
  at.walk.errors.push(new FieldError('FieldValueTypeInvalid', path, { value: shown, detail }))
}

function checkType(schema: Schema, value: unknown, at: At): void {
  const types = typesOf(schema)
  const name = typeName(value)
  if (name === 'null' && schema.nullable === true) return
  const fits = types.length === 0 || types.includes(name) || (name === 'integer' && types.includes('number'))
  if (fits) at.walk.matched++
  else wrongType(at, types.join(','), name)
}

/** Something is wrong with several schemas together, which upstream reports without a place. */
function composite(at: At, text: string): void {
  const detail = `${JSON.stringify(pathText(at.where))} ${text}`
  at.walk.errors.push(new FieldError('FieldValueInvalid', '', { value: '', detail }))
}

function apart(schema: Schema, value: unknown, at: At): Walk {
  const walk = new Walk()
  check(schema, value, { ...at, walk })
  return walk
}

const better = (one: Walk, best: Walk | undefined): Walk =>
  best === undefined || one.matched > best.matched ? one : best

function checkAlternatives(schema: Schema, value: unknown, at: At): void {
  const { anyOf = [], oneOf = [], allOf = [], not } = schema
  if (anyOf.length > 0) checkAny(anyOf, value, at)
  if (oneOf.length > 0) checkOne(oneOf, value, at)
  if (allOf.length > 0) {
    let valid = 0
    for (const one of allOf) {
      const before = at.walk.errors.length
      check(one, value, at)
      if (at.walk.errors.length === before) valid++
    }
    if (valid < allOf.length)
      composite(at, `must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`)
  }
  if (not !== undefined && apart(not, value, at).errors.length === 0)
    composite(at, 'must not validate the schema (not)')
}

function checkAny(schemas: readonly Schema[], value: unknown, at: At): void {
  let best: Walk | undefined
  for (const one of schemas) {
    const found = apart(one, value, at)
    if (found.errors.length === 0) return
    best = better(found, best)
  }
  composite(at, 'must validate at least one schema (anyOf)')
  at.walk.errors.push(...(best?.errors ?? []))
}

function checkOne(schemas: readonly Schema[], value: unknown, at: At): void {
  let best: Walk | undefined
  let valid = 0
  for (const one of schemas) {
    const found = apart(one, value, at)
    if (found.errors.length === 0) valid++
    else best = better(found, best)
  }
  if (valid === 1) return
  const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`
  composite(at, `must validate one and only one schema (oneOf). ${found}`)
  if (valid === 0) at.walk.errors.push(...(best?.errors ?? []))
}

function checkString(schema: Schema, value: string, at: At): void {
  const { maxLength, minLength, pattern, format = '', type = '' } = schema
  if (maxLength !== undefined || minLength !== undefined) {
    const length = runes(value)
    if (maxLength !== undefined && length > maxLength) at.walk.errors.push(tooLong(pathText(at.where), maxLength))
    if (minLength !== undefined && length < minLength) wrong(at, value, `should be at least ${minLength} chars long`)
  }
  if (pattern !== undefined && pattern !== '' && !matchesPattern(pattern, value))
    wrong(at, value, `should match '${pattern}'`)
  if (format === '' || (type !== '' && type !== 'string')) return
  if (stringFormat(format)?.(value) === false) wrongType(at, format, value)
}

/** Characters beyond the first plane count once. */
function runes(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  float: [-3.4028234663852886e38, 3.4028234663852886e38],
}

function checkNumber(schema: Schema, value: number | bigint, at: At): void {
  const { format = '', type = '', maximum, minimum, multipleOf } = schema
  const number = Number(value)
  const range = isKnownFormat(type, format) ? ranges[format] : undefined
  if (range !== undefined && (number < range[0] || number > range[1])) {
    const detail = `Checked value must be of type ${type} with format ${format} in ${pathText(at.where)}`
    at.walk.errors.push(new FieldError('FieldValueInvalid', '', { value: '', detail }))
  }
  if (multipleOf !== undefined && !isMultiple(number, multipleOf))
    wrong(at, value, `should be a multiple of ${goNumber(multipleOf)}`)
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? number >= maximum : number > maximum))
    wrong(
      at,
      value,
      `should be less than ${schema.exclusiveMaximum === true ? '' : 'or equal to '}${goNumber(maximum)}`,
    )
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? number <= minimum : number < minimum))
    wrong(
      at,
      value,
      `should be greater than ${schema.exclusiveMinimum === true ? '' : 'or equal to '}${goNumber(minimum)}`,
    )
}

const scalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const enums = new WeakMap<object, ReadonlySet<unknown>>()

function isAmong(list: readonly unknown[], value: unknown): boolean {
  if (!scalar(value)) return list.some(one => equal(one, value))
  let set = enums.get(list)
  if (set === undefined) enums.set(list, (set = new Set(list.filter(scalar))))
  return set.has(value)
}

function checkEnum(schema: Schema, value: unknown, at: At): void {
  const list = schema.enum
  if (list === undefined || list.length === 0 || isAmong(list, value)) return
  if (value === null && schema.nullable === true) return
  const shown = list.map(one => (typeof one === 'string' ? one : stringifyJson(one)))
  at.walk.errors.push(notOneOf(pathText(at.where), value, shown))
}

/** Which old item an item is the next state of; only lists with keys say so. */
function oldItems(schema: Schema, old: unknown): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return () => nothingBefore
  const id = (item: unknown): string =>
    stringifyJson(keys.map(key => (isObject(item) && Object.hasOwn(item, key) ? item[key] : null)))
  const known = new Map<string, unknown>(old.map((item: unknown) => [id(item), item]))
  return item => {
    const found = id(item)
    return known.has(found) ? known.get(found) : nothingBefore
  }
}

function checkArray(schema: Schema, value: readonly unknown[], at: At): void {
  const { items, maxItems, minItems, uniqueItems } = schema
  if (isObject(items)) {
    const before = oldItems(schema, at.old)
    for (const [index, item] of value.entries()) {
      if (at.walk.full()) return
      check(items as Schema, item, { ...at, where: { parent: at.where, segment: index }, old: before(item) })
    }
  }
  if (minItems !== undefined && value.length < minItems) wrong(at, value, `should have at least ${minItems} items`)
  if (maxItems !== undefined && value.length > maxItems)
    at.walk.errors.push(tooMany(pathText(at.where), value.length, maxItems))
  if (uniqueItems === true && new Set(value.map(one => stringifyJson(one))).size < value.length)
    wrong(at, value, "shouldn't contain duplicates")
}

const ofRoot = new Set(['apiVersion', 'kind'])

function inside(at: At, name: string): At {
  const { old, where } = at
  const before =
    isObject(old) && Object.hasOwn(old, name) && !(where === undefined && ofRoot.has(name)) ? old[name] : nothingBefore
  return { walk: at.walk, where: { parent: where, segment: name }, old: before }
}

function checkObject(schema: Schema, value: Fields, at: At): void {
  const { properties = {}, additionalProperties, minProperties, maxProperties } = schema
  const names = Object.keys(value)
  if (minProperties !== undefined && names.length < minProperties)
    return wrong(at, value, `should have at least ${minProperties} properties`)
  if (maxProperties !== undefined && names.length > maxProperties)
    return void at.walk.errors.push(tooMany(pathText(at.where), names.length, maxProperties))
  for (const name of names) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    const other = typeof additionalProperties === 'object' ? additionalProperties : undefined
    const own = known ?? other
    if (own !== undefined) check(own, value[name], inside(at, name))
    else if (additionalProperties === false) {
      const path = pathText(at.where)
      const detail = `${path}.${name} in body is a forbidden property`
      at.walk.errors.push(new FieldError('FieldValueInvalid', path, { value: name, detail }))
    }
  }
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(value, name)) at.walk.errors.push(required(pathText({ parent: at.where, segment: name })))
}
