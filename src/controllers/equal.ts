/** Equality of API values as upstream's semantic one: absent equals empty, quantities compare by value. */
import { QuantityError, canonicalQuantity } from '#base/quantity.ts'

/** Maps whose values are quantities. */
const quantityMaps = new Set(['requests', 'limits', 'overhead', 'capacity', 'allocatable'])

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const empty = (value: unknown): boolean =>
  value === undefined || value === null || (isRecord(value) && Object.keys(value).length === 0)

const zero = (value: unknown): boolean => empty(value) || value === 0 || value === '' || value === false

const quantity = (value: unknown): unknown => {
  if (typeof value !== 'string') return value
  try {
    return canonicalQuantity(value)
  } catch (error) {
    if (error instanceof QuantityError) return value
    throw error
  }
}

interface How {
  /** Key of the map that holds the values. */
  readonly inside: string
  readonly absent: (value: unknown) => boolean
}

function equal(a: unknown, b: unknown, how: How): boolean {
  if (a === b) return true
  if (how.absent(a) && how.absent(b)) return true
  const { inside } = how
  if (!isRecord(a) || !isRecord(b)) return quantityMaps.has(inside) && quantity(a) === quantity(b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    // Below a quantity map its name stays: `requests.cpu` is a quantity.
    const below = Array.isArray(a) || quantityMaps.has(inside) ? how : { ...how, inside: key }
    if (!equal(own(a, key), own(b, key), below)) return false
  }
  return true
}

export const same = (a: unknown, b: unknown): boolean => equal(a, b, { inside: '', absent: empty })

/** As `same`; moreover zero equals absent, because encoding leaves out a status's zeros. */
export const sameStatus = (a: unknown, b: unknown): boolean => equal(a, b, { inside: '', absent: zero })

const own = (object: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined
