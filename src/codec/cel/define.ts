/** How libraries say what they offer: typed signatures, from which the checker and the evaluator both work. */
import type { Estimate, Sizes } from './cost.ts'
import type { Macro } from './macros.ts'
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  mapType,
  nullType,
  optionalType,
  parameter,
  stringType,
  timestampType,
  typeType,
  uintType,
} from './types.ts'
import type { CelType } from './types.ts'
import { CelList, CelMap, Duration, Optional, Timestamp, TypeValue, UInt } from './values.ts'
import type { Extension, Result, Value } from './values.ts'

/** A type with the test for its values and, for the compiler, what they are here. */
export interface Kind<V extends Value> {
  readonly type: CelType
  is(value: Value): value is V
}

const kind = <V extends Value>(type: CelType, is: (value: Value) => value is V): Kind<V> => ({ type, is })

export const bool = kind(boolType, value => typeof value === 'boolean')
export const int = kind(intType, value => typeof value === 'bigint')
export const uint = kind(uintType, value => value instanceof UInt)
export const double = kind(doubleType, value => typeof value === 'number')
export const text = kind(stringType, value => typeof value === 'string')
export const bytes = kind(bytesType, value => value instanceof Uint8Array)
export const nothing = kind(nullType, value => value === null)
export const timestamp = kind(timestampType, value => value instanceof Timestamp)
export const duration = kind(durationType, value => value instanceof Duration)
export const typeValue = kind(typeType(), value => value instanceof TypeValue)
const any = (value: Value): value is Value => value !== undefined
export const dyn = kind(dynType, any)
export const varA = kind(parameter('A'), any)
export const varB = kind(parameter('B'), any)

export const list = (item: CelType = varA.type): Kind<CelList> =>
  kind(listType(item), value => value instanceof CelList)
export const map = (key: CelType = varA.type, value: CelType = varB.type): Kind<CelMap> =>
  kind(mapType(key, value), candidate => candidate instanceof CelMap)
export const optional = (of: CelType = varA.type): Kind<Optional> =>
  kind(optionalType(of), value => value instanceof Optional)

/** The kind of a library's own class. */
export const extension = <V extends Extension>(type: CelType, of: abstract new (...args: never[]) => V): Kind<V> =>
  kind(type, (value): value is V => value instanceof of)

export interface Overload {
  readonly name: string
  readonly member: boolean
  readonly takes: readonly Kind<Value>[]
  readonly gives: CelType
  /** Called with values that `takes` lets through, the receiver first. */
  readonly run: (...args: readonly Value[]) => Result
  /** What a run cost, one unit when it does not say. */
  readonly cost?: (args: readonly Value[], result: Result) => number
  /** The least and most that a run may cost, the arguments' own cost aside. */
  readonly estimate?: (sizes: Sizes) => Estimate
}

export interface Library {
  readonly overloads: readonly Overload[]
  readonly macros?: readonly Macro[]
  /** Types that an expression can name. */
  readonly types?: readonly (readonly [name: string, type: CelType])[]
}

type ValuesOf<K extends readonly Kind<Value>[]> = { readonly [I in keyof K]: K[I] extends Kind<infer V> ? V : never }

interface Body<K extends readonly Kind<Value>[]> extends Pick<Overload, 'cost' | 'estimate'> {
  readonly gives: CelType
  readonly run: (...args: ValuesOf<K>) => Result
}

type Define = <const K extends readonly Kind<Value>[]>(name: string, takes: K, body: Body<K>) => Overload

const define =
  (member: boolean): Define =>
  (name, takes, body) => ({
    name,
    member,
    takes,
    gives: body.gives,
    // Whoever calls has asked `takes` first, which is what the compiler cannot follow.
    run: body.run as Overload['run'],
    ...(body.cost === undefined ? {} : { cost: body.cost }),
    ...(body.estimate === undefined ? {} : { estimate: body.estimate }),
  })

/** `name(a, b)` */
export const fn: Define = define(false)
/** `a.name(b)`: the receiver is the first of `takes`. */
export const method: Define = define(true)
