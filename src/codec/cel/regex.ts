/** RE2 patterns: matching takes time linear in the text and in the pattern, and both are charged as work. */
import { RE2JS } from 're2js'
import { CelError } from './values.ts'
import { spend } from './work.ts'

const mostKept = 500
const longestPattern = 10_000
const kept = new Map<string, RE2JS | CelError>()

/** Building an instruction of a program, in units of work. */
const buildWork = 100

function build(pattern: string): RE2JS | CelError {
  if (pattern.length > longestPattern) return new CelError('error parsing regexp: expression too long')
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    return new CelError(error instanceof Error ? error.message : 'error parsing regexp')
  }
}

/** The oldest pattern makes room for a new one. @throws WorkExceeded */
export function compilePattern(pattern: string): RE2JS | CelError {
  const known = kept.get(pattern)
  if (known !== undefined) return known
  spend(pattern.length)
  const made = build(pattern)
  if (kept.size >= mostKept) {
    const [oldest] = kept.keys()
    if (oldest !== undefined) kept.delete(oldest)
  }
  kept.set(pattern, made)
  if (made instanceof RE2JS) spend(made.programSize() * buildWork)
  return made
}

/** Whether the pattern matches somewhere in the text. @throws WorkExceeded */
export function matchesPattern(pattern: RE2JS, text: string): boolean {
  spend(Math.ceil((text.length * pattern.programSize()) / 4))
  return pattern.test(text)
}

/** For looking for more than whether it matches, which is slower. @throws WorkExceeded */
export function searcher(pattern: RE2JS, text: string): ReturnType<RE2JS['matcher']> {
  spend(Math.ceil((text.length * pattern.programSize()) / 2))
  return pattern.matcher(text)
}
