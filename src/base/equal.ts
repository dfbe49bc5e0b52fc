/** Deep equality of JSON values; an absent property equals one that is undefined. */
export function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) || Array.isArray(right))
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, at) => equal(item, right[at]))
    )
  return sameProperties(left, right) && sameProperties(right, left, false)
}

function sameProperties(left: object, right: object, deep = true): boolean {
  for (const [key, value] of Object.entries(left)) {
    if (value === undefined) continue
    const other: unknown = Object.hasOwn(right, key) ? Reflect.get(right, key) : undefined
    if (deep ? !equal(value, other) : other === undefined) return false
  }
  return true
}
