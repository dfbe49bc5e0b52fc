/** Reports as JUnit XML, which CI systems show. */
import type { Result } from '../control.ts'
import type { Report } from '../run.ts'
import { count } from './text.ts'

/** What XML 1.0 has no way to write at all. */
// oxlint-disable-next-line no-control-regex -- these are what is to be found
const impossible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Names of objects are other people's text. Breaks are written as numbers, so that they stay in attributes. */
export const xml = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(impossible, char => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
    .replaceAll(/[&<>"']/g, char => named[char] ?? '')
    .replaceAll(/[\t\n\r]/g, char => `&#${char.codePointAt(0)};`)

function body(result: Result): string {
  if (result.state === 'not applicable') return `<skipped message="${xml(result.reason)}"/>`
  const proof = result.proof.map(({ place, says }) => `${place}: ${says}`).join('\n')
  return result.state === 'pass'
    ? `<system-out>${xml(proof)}</system-out>`
    : `<failure message="${xml(result.fix)}" type="fail">${xml(proof)}</failure>`
}

function suite(report: Report): readonly string[] {
  const { framework, title, results } = report
  const counts = `tests="${results.length}" failures="${count(report, 'fail')}" errors="0" skipped="${count(report, 'not applicable')}"`
  return [
    `  <testsuite name="${xml(title)}" ${counts}>`,
    ...results.map(
      one =>
        `    <testcase classname="${xml(framework)}" name="${xml(`${one.id} ${one.title}`)}">${body(one)}</testcase>`,
    ),
    '  </testsuite>',
  ]
}

export const junitReport = (reports: readonly Report[]): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="bulwark posture">',
    ...reports.flatMap(suite),
    '</testsuites>',
  ].join('\n')
