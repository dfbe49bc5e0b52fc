/** JSON values that patches take apart and put together; keys come from users, so `__proto__` is a key like any other. */
import { stringifyJson } from '../json.ts'

export type Fields = Record<string, unknown>

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An own property, never one of the prototype. */
export const own = (object: Fields, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)

export function put(object: Fields, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}

/** Shares what is inside. */
export function shallow(object: Fields): Fields {
  const result: Fields = {}
  for (const key of Object.keys(object)) put(result, key, object[key])
  return result
}

/** Shares nothing. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (!isObject(value)) return value
  const result: Fields = {}
  for (const key of Object.keys(value)) put(result, key, copyOf(value[key]))
  return result
}

/** As Go's `%v` prints parsed JSON; messages of upstream hold it. */
export function printed(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`
  if (!isObject(value)) return typeof value === 'string' ? value : stringifyJson(value)
  return `map[${Object.keys(value)
    .toSorted()
    .map(key => `${key}:${printed(value[key])}`)
    .join(' ')}]`
}
