/** RE2 patterns: matching takes time linear in the text, whatever the pattern. */
import { RE2JS } from 're2js'
import { CelError } from './values.ts'

const mostKept = 500
const longestPattern = 10_000
const kept = new Map<string, RE2JS | CelError>()

function build(pattern: string): RE2JS | CelError {
  if (pattern.length > longestPattern) return new CelError('error parsing regexp: expression too long')
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    return new CelError(error instanceof Error ? error.message : 'error parsing regexp')
  }
}

/** The oldest pattern makes room for a new one. */
export function compilePattern(pattern: string): RE2JS | CelError {
  const known = kept.get(pattern)
  if (known !== undefined) return known
  const made = build(pattern)
  if (kept.size >= mostKept) {
    const [oldest] = kept.keys()
    if (oldest !== undefined) kept.delete(oldest)
  }
  kept.set(pattern, made)
  return made
}
