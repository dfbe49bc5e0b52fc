/** Headers that carry extra attributes of a user have the attribute's key at the end of their name, percent-encoded. */
export function extraKeyOf(header: string, prefix: string): string {
  const escaped = header.slice(prefix.length)
  try {
    return decodeURIComponent(escaped)
  } catch {
    return escaped
  }
}
