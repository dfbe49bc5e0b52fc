/** All controls of a framework, asked of one cluster. */
import { cis } from './cis/controls.ts'
import type { Control, Result } from './control.ts'
import type { Facts } from './facts.ts'
import { nsa } from './nsa.ts'
import { pss } from './pss.ts'

export const frameworks = ['cis', 'nsa', 'pss'] as const
export type Framework = (typeof frameworks)[number]

export const isFramework = (text: string): text is Framework => (frameworks as readonly string[]).includes(text)

export const titleOf: Readonly<Record<Framework, string>> = {
  cis: 'CIS Kubernetes Benchmark 1.12',
  nsa: 'NSA and CISA Kubernetes Hardening Guide 1.2',
  pss: 'Pod Security Standards',
}

const controlsOf = (framework: Framework, facts: Facts): readonly Control[] =>
  framework === 'cis' ? cis : framework === 'nsa' ? nsa : pss(facts)

export interface Report {
  readonly framework: Framework
  readonly title: string
  readonly results: readonly Result[]
}

export const judgeCluster = (framework: Framework, facts: Facts): Report => ({
  framework,
  title: titleOf[framework],
  results: controlsOf(framework, facts).map(({ id, title, check }) => ({ id, title, ...check(facts) })),
})

export const failures = (reports: readonly Report[]): number =>
  reports.flatMap(one => one.results).filter(one => one.state === 'fail').length
