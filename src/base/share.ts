/** What of a new value is as in an old one, held once. */

/**
 * @returns the new value, in which parts that equal those of the old one, at the same place, are the old one's own: `===`
 * tells that nothing changed, and both together take little more room than one. Changes neither value; where all is equal
 * it is the old one. The order of keys is the old one's where a part is.
 */
export function shareParts(next: unknown, old: unknown): unknown {
  if (next === old || typeof next !== 'object' || typeof old !== 'object' || next === null || old === null) return next
  if (Array.isArray(next)) return Array.isArray(old) ? sharedItems(next, old) : next
  return Array.isArray(old) ? next : sharedProperties(next, old)
}

function sharedItems(next: readonly unknown[], old: readonly unknown[]): readonly unknown[] {
  let result: unknown[] | undefined
  let same = next.length === old.length
  for (let at = 0; at < next.length && at < old.length; at++) {
    const item = shareParts(next[at], old[at])
    if (item !== old[at]) same = false
    if (item === next[at]) continue
    result ??= [...next]
    result[at] = item
  }
  return same ? old : (result ?? next)
}

function sharedProperties(next: object, old: object): object {
  const keys = Object.keys(next)
  let result: object | undefined
  let same = keys.length === Object.keys(old).length
  for (const key of keys) {
    const has = Object.hasOwn(old, key)
    const had: unknown = has ? Reflect.get(old, key) : undefined
    const value: unknown = Reflect.get(next, key)
    const shared = shareParts(value, had)
    if (!has || shared !== had) same = false
    if (shared === value) continue
    result ??= { ...next }
    Reflect.set(result, key, shared)
  }
  return same ? old : (result ?? next)
}
