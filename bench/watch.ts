/** A thousand watchers of one busy kind: how late they hear of a write, and what that takes of the server. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { discard, loopDelay, residentMegabytes, startServer } from './processes.ts'
import type { Figure } from './report.ts'
import { scale } from './scale.ts'
import type { WatchJob, WatchResult } from './watchers.ts'

const port = 17_447

function run(job: WatchJob): Promise<WatchResult> {
  const { promise, resolve, reject } = Promise.withResolvers<WatchResult>()
  const program = join(import.meta.dirname, 'watchers.ts')
  const child = execFile(process.execPath, [program], { maxBuffer: 1 << 20 }, (error, stdout) => {
    if (error === null) resolve(JSON.parse(stdout) as WatchResult)
    else reject(error)
  })
  child.stdin?.end(JSON.stringify(job))
  return promise
}

async function one(name: string, job: Pick<WatchJob, 'rate' | 'selective' | 'http1'>): Promise<readonly Figure[]> {
  const server = await startServer({ port, nodes: 0 })
  try {
    await loopDelay(server.target)
    const result = await run({ ...server.target, watchers: scale.watchers, seconds: scale.seconds, ...job })
    if (result.delivered < result.expected)
      throw new Error(`${result.expected - result.delivered} of ${result.expected} events did not arrive`)
    const delay = await loopDelay(server.target)
    const rss = residentMegabytes(server.pid)
    return [
      { name: `${name}: p99 to delivery`, value: result.p99, unit: 'ms', wanted: { below: 50 } },
      { name: `${name}: event loop late, p99`, value: delay.p99, unit: 'ms', wanted: { below: 50 } },
      { name: `${name}: event loop late, longest`, value: delay.max, unit: 'ms', wanted: { below: 200 } },
      { name: `${name}: server memory`, value: rss, unit: 'MB', wanted: { below: 300 } },
    ]
  } finally {
    await server.stop()
    await discard(server.dir)
  }
}

const plain = { selective: false, http1: false } as const

export const watch = async (): Promise<readonly Figure[]> => [
  ...(await one(`${scale.watchers} watchers, 100 events/s`, { ...plain, rate: 100 })),
  ...(await one(`${scale.watchers} watchers, HTTP/1.1, 50 events/s`, { ...plain, rate: 50, http1: true })),
  ...(await one(`${scale.watchers} watchers, 500 events/s, 1 % each`, { ...plain, rate: 500, selective: true })),
]
