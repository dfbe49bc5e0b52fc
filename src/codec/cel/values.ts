/**
 * Values while an expression runs: an int is a bigint, a double a number, the rest is as JavaScript has it or a class of
 * this file. Lists and maps over JSON are converted item by item, when somebody looks.
 */
import type { CelType, ListRule } from './types.ts'
import { boolType, bytesType, doubleType, dynType, durationType, intType, listType, mapType } from './types.ts'
import { nullType, optionalType, stringType, timestampType, typeType, uintType } from './types.ts'

export type Literal = boolean | bigint | number | string | null | Uint8Array | UInt
export type Value = Literal | CelList | CelMap | Timestamp | Duration | TypeValue | Optional | Extension

/** An error is a value that most operations pass on. */
export class CelError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export type Result = Value | CelError

export const isError = (value: unknown): value is CelError => value instanceof CelError

export const noSuchOverload = (): CelError => new CelError('no such overload')

export class UInt {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = value
  }
}

export class CelList {
  readonly #raw: readonly unknown[]
  readonly #convert: (raw: unknown) => Result
  #items: Result[] | undefined
  readonly rule: ListRule | undefined

  /** A list over raw items, each converted when somebody looks. */
  constructor(raw: readonly unknown[], convert: (raw: unknown) => Result, rule?: ListRule) {
    this.#raw = raw
    this.#convert = convert
    this.rule = rule
  }

  /** A list of values; it is the list's from now on. */
  static of(items: Result[], rule?: ListRule): CelList {
    const list = new CelList(items, noSuchOverload, rule)
    list.#items = items
    return list
  }

  get length(): number {
    return (this.#items ?? this.#raw).length
  }

  at(index: number): Result {
    return this.#items?.[index] ?? (this.#items === undefined ? this.#convert(this.#raw[index]) : null)
  }

  /** Only whoever makes the list may do this. */
  push(value: Value): void {
    this.#items?.push(value)
  }

  /** All items converted; done once. */
  items(): readonly Result[] {
    this.#items ??= this.#raw.map(raw => this.#convert(raw))
    return this.#items
  }
}

export type Key = boolean | bigint | string

/** The form in which keys are looked up: numbers that are equal are one key. Undefined for what no map can have. */
export function keyOf(value: Value): Key | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return value
  if (value instanceof UInt) return value.value
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  return undefined
}

export abstract class CelMap {
  abstract readonly size: number
  /** Undefined where the key is absent. */
  abstract get(key: Value): Result | undefined
  abstract keys(): readonly Value[]
  /** Set for objects of a declared type. */
  readonly type: CelType | undefined

  constructor(type?: CelType) {
    this.type = type
  }

  has(key: Value): boolean {
    return this.get(key) !== undefined
  }

  /** What `has()` gives. */
  present(key: Value): Result {
    return this.has(key)
  }

  /** The value at JSON's own name of a field, which expressions may spell otherwise. */
  named(name: string): Result | undefined {
    return this.get(name)
  }

  /** What expressions cannot see, but is compared: fields that a type does not declare. */
  rest(): CelMap | undefined {
    return undefined
  }

  /** The value at a key, an error where there is none. */
  at(key: Value): Result {
    const value = this.get(key)
    return value === undefined ? new CelError(`no such key: ${String(keyOf(key) ?? '').slice(0, 256)}`) : value
  }
}

export class EntryMap extends CelMap {
  readonly #entries: Map<Key, { readonly key: Value; readonly value: Result }>

  constructor(entries: Iterable<readonly [Value, Result]>, type?: CelType) {
    super(type)
    this.#entries = new Map()
    for (const [key, value] of entries) this.insert(key, value)
  }

  /** Only whoever makes the map may do this. False where the key is there already. */
  insert(key: Value, value: Result): boolean {
    const known = keyOf(key)
    if (known === undefined || this.#entries.has(known)) return false
    this.#entries.set(known, { key, value })
    return true
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Value): Result | undefined {
    const known = keyOf(key)
    return known === undefined ? undefined : this.#entries.get(known)?.value
  }

  keys(): readonly Value[] {
    return [...this.#entries.values()].map(({ key }) => key)
  }
}

/** An instant. */
export class Timestamp {
  /** Since 1970, rounded down. */
  readonly seconds: bigint
  readonly nanos: number
  /** Of the clock that it was written down by, in seconds; it counts when it is written down again. */
  readonly offset: number

  constructor(seconds: bigint, nanos: number, offset = 0) {
    this.seconds = seconds
    this.nanos = nanos
    this.offset = offset
  }

  get total(): bigint {
    return this.seconds * 1_000_000_000n + BigInt(this.nanos)
  }
}

export class Duration {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class TypeValue {
  readonly of: CelType

  constructor(of: CelType) {
    this.of = of
  }
}

export class Optional {
  readonly value: Value | undefined

  constructor(value?: Value) {
    this.value = value
  }
}

export const none = new Optional()

/** A value of a library's own type. */
export abstract class Extension {
  abstract readonly type: CelType
  abstract equals(other: Extension): boolean

  /** What costs go by. */
  get size(): number {
    return 1
  }

  /** As JSON has it; undefined for what cannot leave an expression. */
  get text(): string | undefined {
    return undefined
  }
}

/** What `type()` gives. */
export function typeOf(value: Value): CelType {
  switch (typeof value) {
    case 'boolean':
      return boolType
    case 'bigint':
      return intType
    case 'number':
      return doubleType
    case 'string':
      return stringType
    default:
      return typeOfObject(value)
  }
}

function typeOfObject(value: Exclude<Value, boolean | bigint | number | string>): CelType {
  if (value === null) return nullType
  if (value instanceof CelMap) return value.type ?? mapType(dynType, dynType)
  if (value instanceof CelList) return listType(dynType)
  if (value instanceof UInt) return uintType
  if (value instanceof Timestamp) return timestampType
  if (value instanceof Duration) return durationType
  if (value instanceof Uint8Array) return bytesType
  if (value instanceof TypeValue) return typeType()
  if (value instanceof Optional) return optionalType(dynType)
  return value.type
}
