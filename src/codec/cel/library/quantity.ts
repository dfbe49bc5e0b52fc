/** `quantity('1.5Gi')` */
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  QuantityError,
  quantityOfUnits,
  subtractQuantities,
} from '#base/quantity.ts'
import type { Quantity } from '#base/quantity.ts'
import { reads, unit } from '../cost.ts'
import { extension, fn, int, method, text } from '../define.ts'
import type { Library } from '../define.ts'
import { boolType, doubleType, intType, objectType } from '../types.ts'
import { CelError, Extension, isError } from '../values.ts'
import type { Result } from '../values.ts'
import { toInt } from './numbers.ts'

export const quantityType = objectType('kubernetes.Quantity', new Map())

export class QuantityValue extends Extension {
  readonly type = quantityType
  readonly quantity: Quantity

  constructor(quantity: Quantity) {
    super()
    this.quantity = quantity
  }

  override get text(): string {
    return formatQuantity(this.quantity)
  }

  equals(other: Extension): boolean {
    return other instanceof QuantityValue && compareQuantities(this.quantity, other.quantity) === 0
  }
}

function parse(value: string): QuantityValue | CelError {
  try {
    return new QuantityValue(parseQuantity(value))
  } catch (error) {
    if (error instanceof QuantityError) return new CelError(error.message)
    throw error
  }
}

const nano = 1_000_000_000n

function asInteger({ quantity: { nanos } }: QuantityValue): bigint | CelError {
  const whole = nanos % nano === 0n ? toInt(nanos / nano) : undefined
  return whole === undefined || isError(whole) ? new CelError('cannot convert value to integer') : whole
}

const order = (a: QuantityValue, b: QuantityValue): number => compareQuantities(a.quantity, b.quantity)
const whole = (value: bigint): Quantity => quantityOfUnits(value, 'DecimalExponent')
const plus = (a: QuantityValue, b: Quantity): Result => new QuantityValue(addQuantities(a.quantity, b))
const minus = (a: QuantityValue, b: Quantity): Result => new QuantityValue(subtractQuantities(a.quantity, b))

const quantity = extension(quantityType, QuantityValue)

export const quantities: Library = {
  types: [['kubernetes.Quantity', quantityType]],
  overloads: [
    fn('quantity', [text], { gives: quantityType, run: parse, ...reads(0) }),
    fn('isQuantity', [text], { gives: boolType, run: value => !isError(parse(value)), ...reads(0) }),
    method('sign', [quantity], {
      gives: intType,
      run: ({ quantity: { nanos } }) => (nanos > 0n ? 1n : nanos < 0n ? -1n : 0n),
      ...unit,
    }),
    method('isGreaterThan', [quantity, quantity], { gives: boolType, run: (a, b) => order(a, b) > 0, ...unit }),
    method('isLessThan', [quantity, quantity], { gives: boolType, run: (a, b) => order(a, b) < 0, ...unit }),
    method('compareTo', [quantity, quantity], { gives: intType, run: (a, b) => BigInt(order(a, b)), ...unit }),
    method('asApproximateFloat', [quantity], {
      gives: doubleType,
      run: value => Number(value.quantity.nanos) / 1e9,
      ...unit,
    }),
    method('asInteger', [quantity], { gives: intType, run: asInteger, ...unit }),
    method('isInteger', [quantity], { gives: boolType, run: value => !isError(asInteger(value)), ...unit }),
    method('add', [quantity, quantity], { gives: quantityType, run: (a, b) => plus(a, b.quantity), ...unit }),
    method('add', [quantity, int], { gives: quantityType, run: (a, b) => plus(a, whole(b)), ...unit }),
    method('sub', [quantity, quantity], { gives: quantityType, run: (a, b) => minus(a, b.quantity), ...unit }),
    method('sub', [quantity, int], { gives: quantityType, run: (a, b) => minus(a, whole(b)), ...unit }),
  ],
}
