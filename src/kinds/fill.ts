/**
 * Copy on write: parts of a draft may be shared with kept objects (a pod's spec with its template's), so defaults never
 * change a part in place. They make a new one where something is missing and hand back the same one where nothing is.
 */
import type { Draft } from '#api/metadata.ts'

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''

/** A new object's fields by name; its keys come from the defaults of its own type. */
const slots = (copy: object): Record<string, unknown> => copy as Record<string, unknown>

/** The value with what it lacks of the defaults. */
export function fill<T extends object>(value: T, defaults: Partial<T>): T {
  let result = value
  for (const key in defaults)
    if (isAbsent(value[key])) {
      if (result === value) result = { ...value }
      slots(result)[key] = defaults[key]
    }
  return result
}

/** The value with one field as given; the same value when it is already so. */
export function put<T extends object, K extends keyof T>(value: T, key: K, field: T[K]): T {
  return value[key] === field ? value : { ...value, [key]: field }
}

/** The value with one field changed, where it has that field. */
export function within<T extends object, K extends keyof T>(
  value: T,
  key: K,
  change: (field: NonNullable<T[K]>) => T[K],
): T {
  const field = value[key]
  return field === undefined || field === null ? value : put(value, key, change(field))
}

/** The list with every item changed; the same list when none was. */
export function each<I>(list: readonly I[], change: (item: I) => I): readonly I[] {
  let result: I[] | undefined
  for (let at = 0; at < list.length; at++) {
    const item = list[at]
    if (item === undefined) continue
    const changed = change(item)
    if (changed !== item) (result ??= [...list])[at] = changed
  }
  return result ?? list
}

/** A part that goes into a draft. Whoever changes the draft later does so by putting in new parts as well. */
export const owned = <T>(part: T): Draft<T> => part as Draft<T>

/** The value without some of its fields. */
export function without<T extends object>(value: T, ...names: readonly (keyof T)[]): T {
  if (!names.some(name => value[name] !== undefined)) return value
  const result = { ...value }
  for (const name of names) Reflect.deleteProperty(result, name)
  return result
}
