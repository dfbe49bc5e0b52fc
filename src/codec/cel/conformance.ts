/** Reads cel-spec's cases, as the development package @bufbuild/cel-spec carries them. For tests alone. */
import { dyn } from './define.ts'
import type { Overload } from './define.ts'
import { standard } from './library/standard.ts'
import * as types from './types.ts'
import type { CelType } from './types.ts'
import { CelList, EntryMap, noSuchOverload, TypeValue, UInt } from './values.ts'
import type { Value } from './values.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export interface Case {
  readonly name?: string
  readonly expr: string
  readonly value?: Json
  readonly evalError?: Json
  readonly typedResult?: Json
  readonly typeEnv?: readonly Json[]
  readonly bindings?: { readonly [name: string]: Json }
  readonly container?: string
  readonly disableCheck?: boolean
  readonly disableMacros?: boolean
  readonly checkOnly?: boolean
}

export interface Suite {
  readonly name: string
  readonly suites?: readonly Suite[]
  readonly tests?: readonly { readonly original: Case; readonly type?: string; readonly error?: string }[]
}

const field = (json: Json | undefined, name: string): Json | undefined =>
  typeof json === 'object' && json !== null && !Array.isArray(json)
    ? Object.entries(json).find(([key]) => key === name)?.[1]
    : undefined

/** Of a scalar. */
const textOf = (json: Json | undefined): string => (typeof json === 'object' ? '' : String(json))

const items = (json: Json | undefined): readonly Json[] => (Array.isArray(json) ? json : [])

const named: ReadonlyMap<string, CelType> = new Map([
  ...(standard.types ?? []),
  ['optional_type', types.optionalType(types.dynType)],
])

const wellKnown: ReadonlyMap<string, CelType> = new Map([
  ['TIMESTAMP', types.timestampType],
  ['DURATION', types.durationType],
])

const primitives: ReadonlyMap<string, CelType> = new Map([
  ['BOOL', types.boolType],
  ['INT64', types.intType],
  ['UINT64', types.uintType],
  ['DOUBLE', types.doubleType],
  ['STRING', types.stringType],
  ['BYTES', types.bytesType],
])

/** Undefined for what has no place here: messages above all. */
export function readType(json: Json | undefined): CelType | undefined {
  const primitive = field(json, 'primitive')
  if (typeof primitive === 'string') return primitives.get(primitive)
  if (field(json, 'dyn') !== undefined) return types.dynType
  if (field(json, 'null') !== undefined) return types.nullType
  const known = field(json, 'wellKnown')
  if (typeof known === 'string') return wellKnown.get(known)
  const wrapper = field(json, 'wrapper')
  if (typeof wrapper === 'string') return types.wrapperType(primitives.get(wrapper) ?? types.dynType)
  return readCompound(json)
}

function readCompound(json: Json | undefined): CelType | undefined {
  const list = field(json, 'listType')
  if (list !== undefined) {
    const item = readType(field(list, 'elemType'))
    return item && types.listType(item)
  }
  const map = field(json, 'mapType')
  if (map !== undefined) {
    const key = readType(field(map, 'keyType'))
    const value = readType(field(map, 'valueType'))
    return key && value && types.mapType(key, value)
  }
  const parameter = field(json, 'typeParam')
  if (typeof parameter === 'string') return types.parameter(parameter)
  const type = field(json, 'type')
  if (type !== undefined) return types.typeType(readType(type))
  const abstract = field(json, 'abstractType')
  if (abstract === undefined) return undefined
  const parts = items(field(abstract, 'parameterTypes')).map(readType)
  return types.opaqueType(
    textOf(field(abstract, 'name')),
    parts.flatMap(part => part ?? []),
  )
}

/** Undefined for messages. */
export function readValue(json: Json | undefined): Value | undefined {
  const [entry] = Object.entries(typeof json === 'object' && json !== null ? json : {})
  if (entry === undefined) return undefined
  const [kind, value] = entry
  switch (kind) {
    case 'nullValue':
      return null
    case 'boolValue':
      return value === true
    case 'int64Value':
      return BigInt(textOf(value))
    case 'uint64Value':
      return new UInt(BigInt(textOf(value)))
    case 'doubleValue':
      return Number(value)
    case 'stringValue':
      return textOf(value)
    case 'bytesValue':
      return new Uint8Array(Buffer.from(textOf(value), 'base64'))
    case 'typeValue': {
      const type = named.get(textOf(value))
      return type && new TypeValue(type)
    }
    default:
      return readContainer(kind, value)
  }
}

function readContainer(kind: string, value: Json): Value | undefined {
  if (kind === 'listValue') {
    const values = items(field(value, 'values')).map(readValue)
    return values.includes(undefined)
      ? undefined
      : CelList.of(values.flatMap(item => (item === undefined ? [] : [item])))
  }
  if (kind === 'mapValue') {
    const entries = items(field(value, 'entries')).map(entry => [
      readValue(field(entry, 'key')),
      readValue(field(entry, 'value')),
    ])
    const known = entries.flatMap(([key, item]): [Value, Value][] =>
      key === undefined || item === undefined ? [] : [[key, item]],
    )
    return known.length === entries.length ? new EntryMap(known) : undefined
  }
  return undefined
}

/** As `value`, for what objectValue says of times. */
export function readTime(json: Json | undefined): string | undefined {
  const object = field(json, 'objectValue')
  const type = field(object, '@type')
  return typeof type === 'string' && /\.(Timestamp|Duration)$/.test(type) ? textOf(field(object, 'value')) : undefined
}

export interface Declarations {
  readonly variables: readonly (readonly [name: string, type: CelType])[]
  readonly functions: readonly Overload[]
}

/** What a case declares; undefined where that cannot be had. */
export function declarations(told: Case): Declarations | undefined {
  const variables: (readonly [string, CelType])[] = []
  const functions: Overload[] = []
  for (const declared of told.typeEnv ?? []) {
    const name = textOf(field(declared, 'name'))
    const ident = field(declared, 'ident')
    const type = readType(field(ident, 'type'))
    if (ident !== undefined && type === undefined) return undefined
    if (type !== undefined) variables.push([name, type])
    for (const overload of items(field(field(declared, 'function'), 'overloads'))) {
      const takes = items(field(overload, 'params')).map(readType)
      const gives = readType(field(overload, 'resultType'))
      if (takes.includes(undefined) || gives === undefined) return undefined
      const kinds = takes.flatMap(taken => (taken === undefined ? [] : [{ ...dyn, type: taken }]))
      functions.push({
        name,
        member: field(overload, 'isInstanceFunction') === true,
        takes: kinds,
        gives,
        run: noSuchOverload,
      })
    }
  }
  return { variables, functions }
}

/** The type that cel-spec says an expression has. */
export function deducedType(told: Case): string | undefined {
  const type = readType(field(told.typedResult, 'deducedType'))
  return type && types.formatType(type)
}
