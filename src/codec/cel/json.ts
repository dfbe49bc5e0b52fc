/** Between JSON, as our objects are, and values. */
import { escapeName, unescapeName } from './escape.ts'
import { parseDuration, parseTimestamp, formatDuration, formatTimestamp } from './time.ts'
import { dynType, formatType, listType, mapType, stringType } from './types.ts'
import type { CelType, ObjectType } from './types.ts'
import { CelError, CelList, CelMap, Duration, Extension, isError, Timestamp, UInt } from './values.ts'
import type { Result, Value } from './values.ts'
import { spend, withWork, WorkExceeded } from './work.ts'

const dynList = listType(dynType)
const dynMap = mapType(stringType, dynType)

/** An object's fields, or the entries of a map. */
class JsonMap extends CelMap {
  readonly #raw: object
  readonly #declared: CelType

  constructor(raw: object, declared: CelType) {
    super(declared.kind === 'object' ? declared : undefined)
    this.#raw = raw
    this.#declared = declared
  }

  get size(): number {
    return Object.keys(this.#raw).length
  }

  get(key: Value): Result | undefined {
    if (typeof key !== 'string') return undefined
    const declared = this.#declared
    const name = declared.kind === 'object' ? unescapeName(key) : key
    if (!Object.hasOwn(this.#raw, name)) return undefined
    const type = declared.kind === 'object' ? declared.field(key) : declared.kind === 'map' ? declared.value : dynType
    const raw: unknown = Reflect.get(this.#raw, name)
    if (raw === undefined || type === undefined || (raw === null && declared.kind === 'object')) return undefined
    return fromJson(raw, type)
  }

  keys(): readonly Value[] {
    const names = Object.keys(this.#raw)
    const declared = this.#declared
    return declared.kind === 'object' ? names.flatMap(name => this.#known(name, declared) ?? []) : names
  }

  #known(name: string, declared: ObjectType): string | undefined {
    const escaped = escapeName(name)
    return escaped !== undefined && declared.field(escaped) !== undefined ? escaped : undefined
  }

  override present(key: Value): Result {
    const found = this.get(key)
    return isError(found) ? found : found !== undefined
  }

  override named(name: string): Result | undefined {
    return Object.hasOwn(this.#raw, name) ? fromJson(Reflect.get(this.#raw, name)) : undefined
  }

  override rest(): CelMap | undefined {
    const declared = this.#declared
    if (declared.kind !== 'object') return undefined
    const unknown = Object.entries(this.#raw).filter(([name]) => this.#known(name, declared) === undefined)
    return unknown.length === 0 ? undefined : new JsonMap(Object.fromEntries(unknown), dynMap)
  }
}

const expected: Readonly<Record<string, string>> = {
  object: 'a map for the provided schema with type=object',
  map: 'a map for the provided schema with type=object',
  list: 'an array for the provided schema with type=array',
  double: 'float',
}

const unfit = (type: CelType): CelError =>
  new CelError(`invalid data, expected ${expected[type.kind] ?? formatType(type)}`)

const untyped = (raw: number): Value => (Number.isSafeInteger(raw) ? BigInt(raw) : raw)

function fromAny(raw: unknown): Result {
  if (raw === null || typeof raw === 'string' || typeof raw === 'boolean' || typeof raw === 'bigint') return raw
  if (typeof raw === 'number') return untyped(raw)
  if (Array.isArray(raw)) return listOver(raw, dynList)
  return typeof raw === 'object' ? new JsonMap(raw, dynMap) : unfit(dynType)
}

function listOver(raw: readonly unknown[], type: CelType): CelList {
  const item = type.kind === 'list' ? type.item : dynType
  return new CelList(raw, part => fromJson(part, item), type.kind === 'list' ? type.rule : undefined)
}

function fromNumber(raw: number | bigint, type: CelType): Result {
  if (type.kind === 'double') return Number(raw)
  if (type.kind === 'dyn') return typeof raw === 'bigint' ? raw : untyped(raw)
  if (typeof raw === 'number' && !Number.isInteger(raw)) return unfit(type)
  if (type.kind === 'int') return BigInt(raw)
  return type.kind === 'uint' && raw >= 0 ? new UInt(BigInt(raw)) : unfit(type)
}

function fromText(raw: string, type: CelType): Result {
  switch (type.kind) {
    case 'string':
    case 'dyn':
      return raw
    case 'timestamp':
      return parseTimestamp(/^\d{4}-\d\d-\d\d$/.test(raw) ? `${raw}T00:00:00Z` : raw)
    case 'duration':
      return parseDuration(raw)
    case 'bytes':
      return new Uint8Array(Buffer.from(raw, 'base64'))
    default:
      return unfit(type)
  }
}

/**
 * A value over JSON, converted as far as it is looked at; the JSON must not change meanwhile. Integers may be numbers or
 * bigints. What does not fit its type is an error where it is looked at.
 */
export function fromJson(raw: unknown, type: CelType = dynType): Result {
  if (raw === null) return null
  const bare = type.kind === 'wrapper' ? type.of : type
  if (typeof raw === 'string') return fromText(raw, bare)
  if (typeof raw === 'number' || typeof raw === 'bigint') return fromNumber(raw, bare)
  if (typeof raw === 'boolean') return bare.kind === 'bool' || bare.kind === 'dyn' ? raw : unfit(bare)
  if (bare.kind === 'dyn') return fromAny(raw)
  if (Array.isArray(raw)) return bare.kind === 'list' ? listOver(raw, bare) : unfit(bare)
  if (typeof raw !== 'object') return unfit(bare)
  return bare.kind === 'object' || bare.kind === 'map' ? new JsonMap(raw, bare) : unfit(bare)
}

class Unfit extends Error {}

/** @throws Unfit, WorkExceeded */
function convert(value: Result): unknown {
  spend(1)
  if (isError(value)) throw new Unfit(value.message)
  if (typeof value === 'bigint') return exact(value)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Unfit('a number is not finite')
  if (value === null || typeof value !== 'object') return value
  if (value instanceof UInt) return exact(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof CelList) return value.items().map(convert)
  if (value instanceof CelMap) return convertMap(value)
  const text = value instanceof Extension ? value.text : undefined
  if (text === undefined) throw new Unfit('a value has no JSON')
  return text
}

const exact = (value: bigint): number | bigint => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function convertMap(map: CelMap): unknown {
  const entries = map.keys().map((key): [string, unknown] => {
    if (typeof key !== 'string') throw new Unfit('a map key is not a string')
    return [map.type === undefined ? key : unescapeName(key), convert(map.at(key))]
  })
  return Object.fromEntries(entries)
}

/** JSON of a value, a copy; integers beyond 2⁵³ are bigints. An error for what JSON cannot say or is too large. */
export function toJson(value: Value): { readonly json: unknown } | CelError {
  try {
    return { json: withWork(() => convert(value)) }
  } catch (error) {
    if (error instanceof Unfit || error instanceof WorkExceeded) return new CelError(error.message)
    if (error instanceof RangeError) return new CelError('a value is too deep')
    throw error
  }
}

/** An object whose fields are computed when they are first wanted, and then kept. */
export class LazyObject extends CelMap {
  readonly #fields: ReadonlyMap<string, () => Result>
  readonly #known = new Map<string, Result>()

  constructor(fields: ReadonlyMap<string, () => Result>, type?: CelType) {
    super(type)
    this.#fields = fields
  }

  get size(): number {
    return this.#fields.size
  }

  get(key: Value): Result | undefined {
    if (typeof key !== 'string') return undefined
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = this.#fields.get(key)?.()
    if (made !== undefined) this.#known.set(key, made)
    return made
  }

  override has(key: Value): boolean {
    return typeof key === 'string' && this.#fields.has(key)
  }

  keys(): readonly Value[] {
    return [...this.#fields.keys()]
  }
}
