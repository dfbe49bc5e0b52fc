import type { Column } from '#api/kind.ts'
import type { KObject } from '#api/metadata.ts'
import { parseQuantity, addQuantities, formatQuantity, zeroQuantity } from '#base/quantity.ts'

type Usage = Readonly<Record<string, string>>
type Measured = KObject & { readonly window: string }

const amount = (usages: readonly Usage[], resource: string): string =>
  formatQuantity(
    usages
      .map(usage => parseQuantity(usage[resource] ?? '0'))
      .reduce((sum, one) => addQuantities(one, sum), zeroQuantity),
  )

/** Behind the name. @param usages of the object's parts */
export const usageColumns = <O extends Measured>(usages: (object: O) => readonly Usage[]): readonly Column<O>[] => [
  { name: 'cpu', type: 'string', of: object => amount(usages(object), 'cpu') },
  { name: 'memory', type: 'string', of: object => amount(usages(object), 'memory') },
  { name: 'Window', type: 'string', of: object => object.window },
]
