/** Attacks a throw-away cluster, step by step, and says what became of each. */
import { type Arena, type Weaker, openArena } from './arena.ts'
import { chaosdb } from './chaosdb.ts'
import type { Drill, Outcome } from './step.ts'
import { tesla } from './tesla.ts'

const drills: readonly Drill[] = [tesla, chaosdb]

export const drillNames: readonly string[] = drills.map(one => one.name)

export interface StepReport {
  readonly name: string
  readonly story: string
  readonly result: Outcome['result']
  /** What the attacker was told, and what is on record. */
  readonly evidence: readonly string[]
}

export interface DrillReport {
  readonly name: string
  readonly title: string
  /** Every step was prevented or detected. */
  readonly passed: boolean
  readonly steps: readonly StepReport[]
  readonly note: string
}

export interface DrillOptions {
  /** Told of each step when it is over. */
  readonly onStep?: (step: StepReport) => void
  /** For tests: a cluster that is not as it usually is. */
  readonly weaker?: Weaker & { readonly spoil?: (arena: Arena) => Promise<void> }
}

/** @throws Error for a name that there is not */
export async function runDrill(name: string, { onStep, weaker = {} }: DrillOptions = {}): Promise<DrillReport> {
  const drill = drills.find(one => one.name === name)
  if (drill === undefined) throw new Error(`there is no drill ${name}`)
  const { spoil, ...options } = weaker
  const arena = await openArena(options)
  try {
    await drill.prepare(arena)
    await spoil?.(arena)
    const steps: StepReport[] = []
    for (const { name: step, story, attack } of drill.steps) {
      const report = { name: step, story, ...(await attack(arena)) }
      steps.push(report)
      onStep?.(report)
    }
    return {
      name,
      title: drill.title,
      passed: steps.every(one => one.result !== 'succeeded'),
      steps,
      note: `Nodes were simulated; ${drill.realNode}.`,
    }
  } finally {
    await arena.stop()
  }
}
