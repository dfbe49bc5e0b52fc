/** A thread that fuzzes; the input under way stands in shared memory, for the case that it never comes back from it. */
import { parentPort, workerData } from 'node:worker_threads'
import { fuzz } from './campaign.ts'
import { targets } from './targets.ts'

export interface Order {
  readonly target: string
  readonly seed: number
  /** Milliseconds. */
  readonly time: number
  /** Four bytes of rounds, four of the input's length, the input. */
  readonly shared: SharedArrayBuffer
}

const { target: name, seed, time, shared } = workerData as Order
const target = targets.find(one => one.name === name)
if (target === undefined) throw new Error(`no target ${name}`)
const counters = new Int32Array(shared, 0, 2)
const bytes = new Uint8Array(shared, 8)
const end = performance.now() + time
const { findings, ...report } = await fuzz(target, {
  seed,
  goesOn: () => performance.now() < end,
  trying: input => {
    bytes.set(input.subarray(0, bytes.length))
    Atomics.store(counters, 1, input.length)
    Atomics.add(counters, 0, 1)
  },
})
parentPort?.postMessage({
  ...report,
  findings: findings.map(({ input, wrong }) => ({ input: input.toString('base64'), wrong })),
})
