/** `bulwark drill`: a known break-in, tried on a throw-away cluster. */
import { type DrillReport, type StepReport, drillNames, runDrill } from '#drills/run.ts'
import { visible } from './audit.ts'
import { UsageError } from './place.ts'

const mark: Readonly<Record<StepReport['result'], string>> = {
  prevented: 'prevented',
  detected: 'detected ',
  succeeded: 'SUCCEEDED',
}

export const stepText = ({ name, story, result, evidence }: StepReport): string =>
  [
    `${mark[result]}  ${name}`,
    `           Then: ${story}`,
    ...evidence.map(line => `           ${visible(line)}`),
  ].join('\n')

export const endText = ({ passed, steps, note }: DrillReport): string => {
  const through = steps.filter(one => one.result === 'succeeded').length
  return [
    '',
    passed ? `All ${steps.length} steps were prevented or detected.` : `${through} of ${steps.length} steps succeeded.`,
    note,
  ].join('\n')
}

/** @throws UsageError */
export async function drill(name: string, onStep: (step: StepReport) => void): Promise<DrillReport> {
  if (!drillNames.includes(name))
    throw new UsageError(`there are the drills ${drillNames.join(' and ')}, not ${JSON.stringify(name)}`)
  return runDrill(name, { onStep })
}
