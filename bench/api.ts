/** Creates, reads and lists of pods, each as a share of the floor of the same run: both are loaded in turns. */
import { readFileSync } from 'node:fs'
import type { Job, Result } from './load.ts'
import { podBody } from './pod.ts'
import { type Target, discard, fromKubeconfig, runLoad, startFloor, startServer } from './processes.ts'
import type { Figure } from './report.ts'
import { scale } from './scale.ts'

const connections = 32
const collection = '/api/v1/namespaces/default/pods'
const { seconds, listedPods: listed, turns } = scale

interface Pair<T> {
  readonly ours: T
  readonly floor: T
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

let serial = 0

/** Names that no other load has. */
const creates = (target: Target, rest: Partial<Job> = {}): Job => ({
  ...target,
  connections,
  seconds: seconds / turns,
  method: 'POST',
  path: collection,
  body: JSON.stringify(podBody(`p${serial++}-{n}`)),
  ...rest,
})

async function done(job: Job): Promise<Result> {
  const result = await runLoad(job)
  if (result.failed > 0)
    throw new Error(`${result.failed} of ${result.requests} requests failed: ${job.method} ${job.path}`)
  return result
}

/** In turns, so that a busy moment of the machine meets both. */
async function inTurns(jobs: Pair<() => Job>, of: (result: Result) => number): Promise<Pair<number>> {
  const [ours, floor]: [number[], number[]] = [[], []]
  for (let turn = 0; turn < turns; turn++) {
    ours.push(of(await done(jobs.ours())))
    floor.push(of(await done(jobs.floor())))
  }
  return { ours: median(ours), floor: median(floor) }
}

const perSecond = ({ perSecond: value }: Result): number => value
const bytesPerSecond = ({ bytesPerSecond: value }: Result): number => value

const gets = (target: Target, name: string): Job => ({
  ...target,
  connections,
  seconds: seconds / turns,
  method: 'GET',
  path: `${collection}/${name}`,
})

/** As many pods as are listed, and how many bytes that is. */
async function fill(target: Target, path: string): Promise<number> {
  await done(creates(target, { seconds: 300, requests: listed }))
  const one = await done({ ...target, connections: 1, requests: 1, seconds: 120, method: 'GET', path })
  return Math.round(one.bytesPerSecond / one.perSecond)
}

async function measure({ ours, floor }: Pair<Target>): Promise<readonly Figure[]> {
  const [warmed, least] = [creates(ours, { seconds: 2 }), creates(floor, { seconds: 2 })]
  await done(warmed)
  await done(least)
  const create = await inTurns({ ours: () => creates(ours), floor: () => creates(floor) }, perSecond)
  const nameOf = ({ body = '' }: Job): string => /"name":"(p\d+)-/.exec(body)?.[1] ?? ''
  const get = await inTurns(
    { ours: () => gets(ours, `${nameOf(warmed)}-1`), floor: () => gets(floor, `${nameOf(least)}-1`) },
    perSecond,
  )
  const path = `${collection}?limit=${listed}`
  const bytes = await fill(ours, path)
  const lists = { connections: 4, seconds, method: 'GET' } as const
  const list = await inTurns(
    { ours: () => ({ ...ours, ...lists, path }), floor: () => ({ ...floor, ...lists, path: `/cat/${bytes}` }) },
    bytesPerSecond,
  )
  return [
    {
      name: 'pod creates, 32 connections',
      unit: '/s',
      value: create.ours,
      floor: create.floor,
      wanted: { share: 0.4 },
    },
    { name: 'pod GETs, 32 connections', unit: '/s', value: get.ours, floor: get.floor, wanted: { share: 0.45 } },
    {
      name: `list of ${listed} pods`,
      unit: 'MB/s',
      value: list.ours / 1e6,
      floor: list.floor / 1e6,
      wanted: { share: 0.25 },
    },
  ]
}

export async function api(kubeconfig?: string): Promise<readonly Figure[]> {
  const own = kubeconfig === undefined ? await startServer({ port: 17_443, nodes: 0 }) : undefined
  const floor = await startFloor()
  try {
    const figures = await measure({
      ours: own?.target ?? (await fromKubeconfig(kubeconfig ?? '')),
      floor: floor.target,
    })
    if (own === undefined) return figures
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${own.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
    return [...figures, { name: 'server memory after that', value: rss, unit: 'MB' }]
  } finally {
    await own?.stop()
    await floor.stop()
    if (own !== undefined) await discard(own.dir)
  }
}
