/** A thousand watchers of one busy kind: how late they hear of a write, and what that takes of the server. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { type Target, discard, startServer } from './processes.ts'
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

/** Milliseconds that the server's event loop was late, since the last call. */
async function loopDelay(target: Target): Promise<{ readonly p99: number; readonly max: number }> {
  const text = await new Promise<string>((resolve, reject) => {
    get({ ...target, path: '/metrics', agent: false }, answer => {
      let all = ''
      answer.setEncoding('utf8').on('data', (part: string) => (all += part))
      answer.on('end', () => resolve(all))
    }).on('error', reject)
  })
  const read = (name: string): number =>
    Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN) * 1000
  return { p99: read('p99'), max: read('max') }
}

async function one(name: string, job: Pick<WatchJob, 'rate' | 'selective'>): Promise<readonly Figure[]> {
  const server = await startServer({ port, nodes: 0 })
  try {
    await loopDelay(server.target)
    const result = await run({ ...server.target, watchers: scale.watchers, seconds: scale.seconds, ...job })
    if (result.delivered < result.expected)
      throw new Error(`${result.expected - result.delivered} of ${result.expected} events did not arrive`)
    const delay = await loopDelay(server.target)
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
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

export const watch = async (): Promise<readonly Figure[]> => [
  ...(await one(`${scale.watchers} watchers, 100 events/s`, { rate: 100, selective: false })),
  ...(await one(`${scale.watchers} watchers, 500 events/s, 1 % each`, { rate: 500, selective: true })),
]
