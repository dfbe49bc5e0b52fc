/** Regular expressions from users, in linear time whatever they are. */
import { RE2JS } from 're2js'

const known = new Map<string, RE2JS>()
const mostKnown = 2000

/** @throws Error whose message says what is wrong with the expression. */
export function compilePattern(pattern: string): RE2JS {
  const had = known.get(pattern)
  if (had !== undefined) return had
  const made = RE2JS.compile(pattern)
  if (known.size >= mostKnown) known.delete(known.keys().next().value ?? '')
  known.set(pattern, made)
  return made
}

/** Anywhere in the text. An expression that cannot be compiled matches nothing. */
export function matchesPattern(pattern: string, text: string): boolean {
  try {
    return compilePattern(pattern).matcher(text).find()
  } catch {
    return false
  }
}

/** @returns undefined for one that compiles. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
