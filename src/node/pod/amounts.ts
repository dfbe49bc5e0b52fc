/** Quantities of a spec as numbers. The API has validated them: what is no quantity counts as nothing. */
import { milliUnits, parseQuantity, type Quantity, wholeUnits, zeroQuantity } from '#base/quantity.ts'

export type Amounts = Readonly<Record<string, string>> | undefined

export function quantityOf(list: Amounts, name: string): Quantity {
  try {
    return parseQuantity(list?.[name] ?? '0')
  } catch {
    return zeroQuantity
  }
}

/** Thousandths of a CPU. */
export const milliOf = (list: Amounts, name = 'cpu'): number => Number(milliUnits(quantityOf(list, name)))
/** Bytes, for memory and storage. */
export const bytesOf = (list: Amounts, name = 'memory'): number => Number(wholeUnits(quantityOf(list, name)))

/** Of non-negative numbers; a divisor of nothing counts as one. */
export const divideUp = (value: bigint, by: bigint): bigint => (by <= 0n ? value : (value + by - 1n) / by)
