/** Reports as SARIF 2.1.0, which code hosts and editors show. */
import type { Result } from '../control.ts'
import type { Report } from '../run.ts'

const kindOf: Readonly<Record<Result['state'], 'pass' | 'fail' | 'notApplicable'>> = {
  pass: 'pass',
  fail: 'fail',
  'not applicable': 'notApplicable',
}

/** Lone halves of surrogate pairs are no Unicode, and `encodeURIComponent` throws for them. */
const sound = (text: string): string => text.toWellFormed()

const uriOf = (place: string): string =>
  place.startsWith('file /')
    ? `file://${place
        .slice('file '.length)
        .split('/')
        .map(part => encodeURIComponent(sound(part)))
        .join('/')}`
    : `bulwark:/${place
        .split('/')
        .map(part => encodeURIComponent(sound(part)))
        .join('/')}`

function messageOf(result: Result): string {
  if (result.state === 'not applicable') return result.reason
  const proof = result.proof.map(({ place, says }) => `${place}: ${says}`).join('\n')
  return result.state === 'fail' ? `${proof}\nFix: ${result.fix}` : proof
}

const locationsOf = (result: Result) =>
  result.state === 'not applicable'
    ? []
    : result.proof.map(({ place, says }) => ({
        physicalLocation: { artifactLocation: { uri: uriOf(place) } },
        logicalLocations: [{ fullyQualifiedName: sound(place) }],
        message: { text: sound(says) },
      }))

function runOf({ framework, title, results }: Report) {
  const ruleId = (id: string): string => `${framework}/${id}`
  return {
    tool: {
      driver: {
        name: 'bulwark posture',
        version: '0.1.0',
        fullName: title,
        rules: results.map(({ id, title: asks }) => ({ id: ruleId(id), shortDescription: { text: sound(asks) } })),
      },
    },
    results: results.map((result, ruleIndex) => ({
      ruleId: ruleId(result.id),
      ruleIndex,
      kind: kindOf[result.state],
      // SARIF: whatever is not a failure has no level.
      level: result.state === 'fail' ? 'error' : 'none',
      message: { text: sound(messageOf(result)) },
      locations: locationsOf(result),
    })),
    columnKind: 'utf16CodeUnits',
  }
}

export const sarifReport = (reports: readonly Report[]) => ({
  $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
  version: '2.1.0',
  runs: reports.map(runOf),
})
