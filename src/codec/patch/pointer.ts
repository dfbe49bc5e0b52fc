/** JSON pointers (RFC 6901). */
import { unprocessable } from './errors.ts'

/** More levels than any document that is let in has. */
const mostTokens = 1000

/** The keys and indexes on the way down. @throws StatusError for what is no pointer. */
export function readPointer(text: string): readonly string[] {
  if (text === '') return []
  if (!text.startsWith('/') || /~(?![01])/.test(text)) throw unprocessable()
  const tokens = text.slice(1).split('/')
  if (tokens.length > mostTokens) throw unprocessable()
  return tokens.map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** An index of an array; negative ones count from the end. @param length positions there are. */
export function readIndex(token: string, length: number): number {
  if (!/^(?:0|-?[1-9]\d{0,8})$/.test(token)) throw unprocessable()
  const index = Number(token) < 0 ? Number(token) + length : Number(token)
  if (index < 0 || index >= length) throw unprocessable()
  return index
}
