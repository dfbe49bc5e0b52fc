import { characters } from './text.ts'

/** What is wrong with an expression, and where. */
export interface Issue {
  /** UTF-16 offset into the source; -1 when the fault has no place. */
  readonly at: number
  readonly message: string
}

/** Thrown by the lexer and the parser, caught by `parse`. */
export class IssueError extends Error {
  readonly issue: Issue

  constructor(at: number, message: string) {
    super(message)
    this.issue = { at, message }
  }
}

const mostShown = 100

/** The issues in the layout that clients of upstream know: place, message, the line, and a caret below the place. */
export function formatIssues(source: string, issues: readonly Issue[]): string {
  const shown = issues.slice(0, mostShown).map(issue => formatIssue(source, issue))
  if (issues.length > mostShown) shown.push(`${issues.length - mostShown} more`)
  return shown.join('\n')
}

function formatIssue(source: string, { at, message }: Issue): string {
  if (at < 0) return `ERROR: <input>:-1:0: ${message}`
  const before = source.slice(0, at)
  const start = before.lastIndexOf('\n') + 1
  const row = before.split('\n').length
  const column = characters(source.slice(start, at))
  const end = source.indexOf('\n', start)
  const line = source.slice(start, end < 0 ? source.length : end).replaceAll('\t', ' ')
  return `ERROR: <input>:${row}:${column + 1}: ${message}\n | ${line}\n | ${'.'.repeat(column)}^`
}
