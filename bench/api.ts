/** Creates, reads and lists of pods, each as a share of the floor of the same run. */
import { readFileSync } from 'node:fs'
import type { Job } from './load.ts'
import { podBody } from './pod.ts'
import { type Started, type Target, discard, fromKubeconfig, runLoad, startFloor, startServer } from './processes.ts'
import type { Figure } from './report.ts'
import { scale } from './scale.ts'

const connections = 32
const collection = '/api/v1/namespaces/default/pods'
const { seconds, listedPods: listed } = scale

const job = (target: Target, rest: Pick<Job, 'method' | 'path'> & Partial<Job>): Job => ({
  ...target,
  connections,
  seconds,
  ...rest,
})
const creates = (target: Target): Job =>
  job(target, { method: 'POST', path: collection, body: JSON.stringify(podBody(`p{n}`)) })

interface Numbers {
  readonly creates: number
  readonly gets: number
  readonly listBytes: number
}

function failures(what: string, failed: number): void {
  if (failed > 0) throw new Error(`${failed} ${what} failed`)
}

async function measure(target: Target, list: (bytes: number) => string): Promise<Numbers & { readonly bytes: number }> {
  await runLoad({ ...creates(target), path: collection, seconds: 2, body: JSON.stringify(podBody('warm{n}')) })
  const create = await runLoad(creates(target))
  failures('creates', create.failed)
  const get = await runLoad(job(target, { method: 'GET', path: `${collection}/p1` }))
  failures('GETs', get.failed)
  const missing = listed - create.requests
  if (missing > 0)
    await runLoad({
      ...job(target, { method: 'POST', path: collection, body: JSON.stringify(podBody('more{n}')) }),
      seconds: 120,
      requests: missing,
    })
  const one = await runLoad(job(target, { method: 'GET', path: list(0), connections: 1, requests: 2, seconds: 120 }))
  const bytes = Math.round(one.bytesPerSecond / one.perSecond)
  const lists = await runLoad(job(target, { method: 'GET', path: list(bytes), connections: 4 }))
  failures('lists', lists.failed)
  return { creates: create.perSecond, gets: get.perSecond, listBytes: lists.bytesPerSecond, bytes }
}

export async function api(kubeconfig?: string): Promise<readonly Figure[]> {
  const dirs: string[] = []
  const own = kubeconfig === undefined ? await startServer({ port: 17_443, nodes: 0 }) : undefined
  if (own !== undefined) dirs.push(own.dir)
  const ours = await measure(
    own?.target ?? (await fromKubeconfig(kubeconfig ?? '')),
    () => `${collection}?limit=${listed}`,
  )
  const rss =
    own === undefined
      ? 0
      : Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${own.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  await own?.stop()
  const floor: Started = await startFloor()
  const least = await measure(floor.target, bytes => `/cat/${bytes === 0 ? ours.bytes : bytes}`)
  await floor.stop()
  await Promise.all(dirs.map(discard))
  return [
    {
      name: 'pod creates, 32 connections',
      value: ours.creates,
      unit: '/s',
      floor: least.creates,
      wanted: { share: 0.4 },
    },
    { name: 'pod GETs, 32 connections', value: ours.gets, unit: '/s', floor: least.gets, wanted: { share: 0.45 } },
    {
      name: `list of ${listed} pods`,
      value: ours.listBytes / 1e6,
      unit: 'MB/s',
      floor: least.listBytes / 1e6,
      wanted: { share: 0.25 },
    },
    { name: 'server memory after that', value: rss, unit: 'MB' },
  ]
}
