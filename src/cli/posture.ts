/** `bulwark posture`: what a benchmark asks, answered by the cluster that runs. */
import { harmless } from '#base/harmless.ts'
import { gather } from '#posture/gather.ts'
import { junitReport } from '#posture/report/junit.ts'
import { markdownReport } from '#posture/report/markdown.ts'
import { sarifReport } from '#posture/report/sarif.ts'
import { textReport } from '#posture/report/text.ts'
import { type Framework, type Report, failures, frameworks, isFramework, judgeCluster } from '#posture/run.ts'
import { isRunning } from '#processes/supervise.ts'
import { clusterOf } from './config.ts'
import { CommandError, type PlaceOptions, UsageError } from './place.ts'

export interface PostureOptions extends PlaceOptions {
  readonly output: string
  /** One of them; all unless given. */
  readonly framework?: string
  /** Whether what failed makes the exit code 1. */
  readonly exitCode?: boolean
  /** With the proof of what passed. */
  readonly all?: boolean
}

const formats = ['text', 'json', 'sarif', 'junit', 'markdown'] as const
type Format = (typeof formats)[number]

const isFormat = (text: string): text is Format => (formats as readonly string[]).includes(text)

function wanted(text: string | undefined): readonly Framework[] {
  if (text === undefined) return frameworks
  if (!isFramework(text))
    throw new UsageError(`--framework must be one of ${frameworks.join(', ')}, not ${JSON.stringify(text)}`)
  return [text]
}

/** Names of objects, and what others say of themselves, are other people's text. */
const json = (value: unknown): string => harmless(JSON.stringify(value, null, 2))

const writers: Readonly<Record<Format, (reports: readonly Report[], all: boolean) => string>> = {
  text: textReport,
  json: reports => json(reports),
  sarif: reports => json(sarifReport(reports)),
  junit: junitReport,
  markdown: markdownReport,
}

export interface Posture {
  readonly text: string
  readonly failed: number
}

/** @throws CommandError, UsageError */
export async function posture(options: PostureOptions): Promise<Posture> {
  const asked = wanted(options.framework)
  const { output } = options
  if (!isFormat(output)) throw new UsageError(`-o must be one of ${formats.join(', ')}, not ${JSON.stringify(output)}`)
  const { at, config } = clusterOf(options)
  if (!isRunning(at, 'server'))
    throw new CommandError(`cluster ${options.name} does not run: posture is asked of a running one`, 3)
  const facts = await gather(config, at, Date.now())
  const reports = asked.map(framework => judgeCluster(framework, facts))
  return { text: writers[output](reports, options.all === true), failed: failures(reports) }
}
