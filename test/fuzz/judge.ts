/** Runs one input and says what is wrong: an error, time, memory, a prototype that was changed. */
import type { Target } from './target.ts'

/** Milliseconds of CPU that one input may take. */
const longest = 100
/** Judged again so often: garbage and compilation of others' code are no fault of the input. */
const tries = 5
/** Bytes that the process may grow by in one run. */
const mostGrowth = 400 * 1024 * 1024

const watched: readonly (readonly [string, object])[] = [
  ['Object', Object.prototype],
  ['Array', Array.prototype],
  ['Function', Function.prototype],
  ['String', String.prototype],
  ['Map', Map.prototype],
]
const known = new Map(watched.map(([name, one]) => [name, new Set<string | symbol>(Reflect.ownKeys(one))]))

/** Names what was added to a prototype, and takes it away again. */
function polluted(): string | undefined {
  for (const [name, one] of watched) {
    const before = known.get(name)
    const added = Reflect.ownKeys(one).filter(key => before?.has(key) !== true)
    for (const key of added) Reflect.deleteProperty(one, key)
    if (added.length > 0) return `${name}.prototype has ${added.map(String).join(', ')}`
  }
  return undefined
}

const milliseconds = ({ user, system }: { user: number; system: number }): number => (user + system) / 1000
const cpu = (): number => milliseconds(process.threadCpuUsage())

export interface Judged {
  /** Undefined: nothing. */
  readonly wrong: string | undefined
  /** Milliseconds of CPU. */
  readonly spent: number
}

async function once(target: Target, input: Buffer): Promise<Judged & { readonly grown: number }> {
  const before = process.memoryUsage.rss()
  const start = cpu()
  let wrong: string | undefined
  try {
    await target.run(Buffer.from(input))
  } catch (error) {
    wrong = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const spent = cpu() - start
  return { wrong: wrong ?? polluted(), spent, grown: process.memoryUsage.rss() - before }
}

export async function judge(target: Target, input: Buffer): Promise<Judged> {
  let { wrong, spent, grown } = await once(target, input)
  for (let left = tries; left > 0 && wrong === undefined && (spent > longest || grown > mostGrowth); left--) {
    const again = await once(target, input)
    wrong = again.wrong
    spent = Math.min(spent, again.spent)
    grown = Math.min(grown, again.grown)
  }
  if (wrong === undefined && spent > longest) wrong = `took ${spent.toFixed(0)} ms`
  if (wrong === undefined && grown > mostGrowth) wrong = `took ${(grown / 2 ** 20).toFixed(0)} MiB`
  return { wrong, spent }
}
