/** Reports for people: what failed with its fix first, then a count. */
import type { Result } from '../control.ts'
import type { Report } from '../run.ts'

const unsafe = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Names of objects are other people's text: what would move the cursor or turn the line is shown by its number. */
export const harmless = (text: string): string =>
  text.replaceAll(unsafe, char => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)

export function proofLines(result: Result): readonly string[] {
  if (result.state === 'not applicable') return [harmless(result.reason)]
  return result.proof.map(({ place, says }) => `${harmless(place)}: ${harmless(says)}`)
}

const mark: Readonly<Record<Result['state'], string>> = { pass: 'pass', fail: 'FAIL', 'not applicable': 'n/a ' }

function lines(result: Result, all: boolean): readonly string[] {
  const head = `${mark[result.state]}  ${result.id.padEnd(7)} ${harmless(result.title)}`
  if (!all && result.state !== 'fail') return [head]
  const fix = result.state === 'fail' ? [`        fix: ${harmless(result.fix)}`] : []
  return [head, ...proofLines(result).map(line => `        ${line}`), ...fix]
}

export const count = (report: Report, state: Result['state']): number =>
  report.results.filter(one => one.state === state).length

export const summary = (report: Report): string =>
  `${report.title}: ${count(report, 'pass')} pass, ${count(report, 'fail')} fail, ${count(report, 'not applicable')} not applicable`

/** @param all with the proof of what passed */
export const textReport = (reports: readonly Report[], all: boolean): string =>
  reports
    .map(report =>
      [`# ${report.title}`, ...report.results.flatMap(one => lines(one, all)), '', summary(report)].join('\n'),
    )
    .join('\n\n')
