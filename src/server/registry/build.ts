/** Objects in their kept form: key order apiVersion, kind, metadata, rest; a copy that shares what is not changed. */
import type { Draft, KObject, ObjectMeta } from '#api/metadata.ts'

/** The same object with other metadata, in kept order. Shares everything else. */
export function withMetadata(object: KObject | Draft<KObject>, metadata: ObjectMeta): Draft<KObject> {
  const { apiVersion, kind, metadata: _, ...rest } = object
  return { apiVersion, kind, metadata, ...rest } as Draft<KObject>
}

/** Reads a field that the common code knows by name only: spec, status, data… */
export const fieldOf = (object: KObject | Draft<KObject>, name: string): unknown => Reflect.get(object, name)

/** Sets or drops a field of a draft. */
export function setField(draft: Draft<KObject>, name: string, value: unknown): void {
  if (value === undefined) Reflect.deleteProperty(draft, name)
  else Reflect.set(draft, name, value)
}

/** A draft that may be changed freely: nothing of it is shared. */
export const copy = (object: KObject): Draft<KObject> => structuredCloneJson(object) as Draft<KObject>

function structuredCloneJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(structuredCloneJson)
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const inner = structuredCloneJson(Reflect.get(value, key))
    if (key === '__proto__')
      Object.defineProperty(result, key, { value: inner, enumerable: true, configurable: true, writable: true })
    else result[key] = inner
  }
  return result
}
