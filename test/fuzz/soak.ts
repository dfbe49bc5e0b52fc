/** `npm run soak -- fuzz [target] [--seconds N] [--seed S]`: the fuzzers, one after the other, for as long as one likes. */
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { mostBytes } from './mutate-bytes.ts'
import { targets } from './targets.ts'
import type { Order } from './worker.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Milliseconds without progress after which an input counts as never coming back. */
const patience = 30_000
const mostMegabytes = 1024

interface Found {
  /** Base64. */
  readonly input: string
  readonly wrong: string
}
interface Result {
  readonly runs: number
  readonly slowest: number
  readonly findings: readonly Found[]
}

const wanted = (order: Omit<Order, 'shared'>): Promise<Result> =>
  new Promise(resolve => {
    const shared = new SharedArrayBuffer(8 + mostBytes * 64)
    const counters = new Int32Array(shared, 0, 2)
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { ...order, shared } satisfies Order,
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
    })
    let seen = -1
    const stuck = (wrong: string): void => {
      clearInterval(watch)
      const input = Buffer.from(new Uint8Array(shared, 8, Atomics.load(counters, 1))).toString('base64')
      void worker.terminate()
      resolve({ runs: Atomics.load(counters, 0), slowest: Number.POSITIVE_INFINITY, findings: [{ input, wrong }] })
    }
    const watch = setInterval(() => {
      const now = Atomics.load(counters, 0)
      if (now === seen) stuck('never came back')
      seen = now
    }, patience)
    worker.once('message', (result: Result) => {
      clearInterval(watch)
      resolve(result)
    })
    worker.once('error', error => stuck(`ended the process: ${String(error)}`))
  })

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1e9) },
    },
  })
  const [sort, only] = positionals
  const chosen = targets.filter(({ name }) => only === undefined || name === only)
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)]
  if (sort !== 'fuzz' || chosen.length === 0 || !(seconds > 0) || !Number.isInteger(seed)) {
    process.stderr.write(
      `usage: npm run soak -- fuzz [target] [--seconds N] [--seed S]\ntargets: ${targets.map(({ name }) => name).join(' ')}\n`,
    )
    return 2
  }
  let wrong = 0
  for (const { name } of chosen) {
    const { runs, slowest, findings } = await wanted({ target: name, seed, time: seconds * 1000 })
    say(`${name}: ${runs} inputs, slowest ${slowest.toFixed(0)} ms, ${findings.length} wrong (seed ${seed})`)
    for (const finding of findings) {
      const input = Buffer.from(finding.input, 'base64')
      say(`  ${finding.wrong.replaceAll('\n', '\n  ')}\n  input, base64: ${finding.input.slice(0, 4000)}`)
      say(`  input: ${JSON.stringify(input.toString('latin1').slice(0, 1000))}\n`)
    }
    wrong += findings.length
  }
  return wrong === 0 ? 0 : 1
}

process.exitCode = await main()
