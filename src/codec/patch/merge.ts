/** Merge patch (RFC 7386). */
import { malformed } from './errors.ts'
import { type Fields, copyOf, isObject, own, put, shallow } from './tree.ts'

/** @param document may be shared in parts by the result, which is never shared with the patch. @throws StatusError BadRequest */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) throw malformed('Invalid JSON Patch')
  return merged(document, patch)
}

function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return copyOf(patch)
  const result: Fields = isObject(target) ? shallow(target) : {}
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value === null || value === undefined) Reflect.deleteProperty(result, key)
    else put(result, key, merged(own(result, key), value))
  }
  return result
}
