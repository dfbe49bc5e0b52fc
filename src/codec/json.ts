/** JSON text of any value; integers beyond 2^53 are bigints and written exactly. */
export function stringifyJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent)
  } catch {
    return JSON.stringify(
      value,
      (_, inner: unknown) => (typeof inner === 'bigint' ? JSON.rawJSON(inner.toString()) : inner),
      indent,
    )
  }
}
