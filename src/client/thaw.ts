import type { Draft } from '#api/metadata.ts'

const copy = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  // Keys come from users too: defining instead of assigning keeps `__proto__` an ordinary key.
  const result: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue
    if (key === '__proto__')
      Object.defineProperty(result, key, { value: copy(inner), enumerable: true, writable: true })
    else result[key] = copy(inner)
  }
  return result
}

/** A private, mutable copy of a kept (shared, deeply readonly) object. Undefined fields are left out, as JSON would. */
export const thaw = <T>(value: T): Draft<T> => copy(value) as Draft<T>
