/** Amounts by the name of what they are amounts of. */
import {
  type Quantity,
  QuantityError,
  addQuantities,
  compareQuantities,
  parseQuantity,
  zeroQuantity,
} from '#base/quantity.ts'

export type Usage = ReadonlyMap<string, Quantity>
export type Sums = Map<string, Quantity>

export function readQuantity(text: string | undefined): Quantity {
  if (text === undefined) return zeroQuantity
  try {
    return parseQuantity(text)
  } catch (error) {
    // Validation keeps such text out.
    if (error instanceof QuantityError) return zeroQuantity
    throw error
  }
}

export const readList = (list: Readonly<Record<string, string>> | undefined): Sums =>
  new Map(Object.entries(list ?? {}).map(([name, text]) => [name, readQuantity(text)]))

export const addUsage = (to: Sums, by: Usage): void => {
  for (const [name, quantity] of by) to.set(name, addQuantities(to.get(name) ?? zeroQuantity, quantity))
}

/** The larger of each. */
export const raise = (to: Sums, other: Usage): void => {
  for (const [name, quantity] of other) {
    const had = to.get(name)
    if (had === undefined || compareQuantities(had, quantity) < 0) to.set(name, quantity)
  }
}
