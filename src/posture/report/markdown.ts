/** Reports as a page of documentation. */
import type { Result } from '../control.ts'
import type { Report } from '../run.ts'
import { harmless, proofLines, summary } from './text.ts'

/** In a table's cell: no bar ends it, nothing is markup. */
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const cell = (text: string): string =>
  harmless(text)
    .replaceAll(/[\\|*_`[\]]/g, char => `\\${char}`)
    .replaceAll(/[&<>]/g, char => entities[char] ?? '')

const shown = 3

function evidence(result: Result): string {
  const lines = proofLines(result)
  const more = lines.length > shown ? [`and ${lines.length - shown} more`] : []
  return [...lines.slice(0, shown), ...more].map(cell).join('; ')
}

export const markdownReport = (reports: readonly Report[]): string =>
  reports
    .map(report =>
      [
        `# ${report.title}`,
        '',
        `${summary(report)}.`,
        '',
        '| Control | What it asks | State | Evidence |',
        '| --- | --- | --- | --- |',
        ...report.results.map(one => `| ${cell(one.id)} | ${cell(one.title)} | ${one.state} | ${evidence(one)} |`),
      ].join('\n'),
    )
    .join('\n\n')
