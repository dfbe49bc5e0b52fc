/** Creates, updates, applies, reads and lists of pods, each as a share of the floor of the same run. */
import type { Job } from './load.ts'
import { podBody } from './pod.ts'
import {
  type Target,
  discard,
  fromKubeconfig,
  loopDelay,
  residentMegabytes,
  startFloor,
  startServer,
} from './processes.ts'
import type { Figure } from './report.ts'
import { scale } from './scale.ts'
import { type Pair, bytesPerSecond, done, inTurns, perSecond } from './turns.ts'

const connections = 32
const collection = '/api/v1/namespaces/default/pods'
const { seconds, listedPods: listed, turns } = scale
const timed = { connections, seconds: seconds / turns } as const

let serial = 0
/** Names that no other load has begin so. */
const fresh = (): string => `p${serial++}`

const creates = (target: Target, rest: Partial<Job> = {}): Job => ({
  ...target,
  ...timed,
  method: 'POST',
  path: collection,
  body: JSON.stringify(podBody(`${fresh()}-{n}`)),
  ...rest,
})

/** The pod as it is changed: with what admission gave it, which no update may take away. */
function changed(name: string, metadata: object): string {
  const pod = podBody(name)
  return JSON.stringify({
    ...pod,
    metadata: { ...pod.metadata, ...metadata },
    spec: { ...pod.spec, serviceAccountName: 'default', serviceAccount: 'default' },
  })
}

/** Each connection replaces a pod of its own, with the revision that it was last told. */
function updates(target: Target): Job {
  const name = `${fresh()}-{c}`
  return {
    ...target,
    ...timed,
    method: 'PUT',
    path: `${collection}/${name}`,
    body: changed(name, { resourceVersion: '{rv}', labels: { change: 'c{n}' } }),
    first: { path: collection, body: JSON.stringify(podBody(name)) },
  }
}

/** Each connection applies all of a pod of its own, of which one label is new. */
function applies(target: Target): Job {
  const name = `${fresh()}-{c}`
  return {
    ...target,
    ...timed,
    method: 'PATCH',
    path: `${collection}/${name}?fieldManager=bench&force=true`,
    body: changed(name, { labels: { change: 'c{n}' } }),
    contentType: 'application/apply-patch+yaml',
    first: { path: collection, body: JSON.stringify(podBody(name)) },
  }
}

const gets = (target: Target, name: string): Job => ({
  ...target,
  ...timed,
  method: 'GET',
  path: `${collection}/${name}`,
})

const path = `${collection}?limit=${listed}`

/** How many bytes one such list is. */
async function sizeOf(target: Target, accept: string): Promise<number> {
  const one = await done({ ...target, connections: 1, requests: 1, seconds: 120, method: 'GET', path, accept })
  return Math.round(one.bytesPerSecond / one.perSecond)
}

async function list({ ours, floor }: Pair<Target>, accept: string): Promise<Pair<number>> {
  const bytes = await sizeOf(ours, accept)
  const lists = { connections: 4, seconds, method: 'GET' } as const
  return inTurns(
    { ours: () => ({ ...ours, ...lists, path, accept }), floor: () => ({ ...floor, ...lists, path: `/cat/${bytes}` }) },
    bytesPerSecond,
  )
}

type Row = Pick<Figure, 'name' | 'unit' | 'wanted'> & { readonly measure: () => Promise<Pair<number>> }

function rows({ ours, floor }: Pair<Target>, names: Pair<string>): readonly Row[] {
  const write = (name: string, share: number, job: (target: Target) => Job): Row => ({
    name: `pod ${name}, ${connections} connections`,
    unit: '/s',
    wanted: { share },
    measure: () => inTurns({ ours: () => job(ours), floor: () => job(floor) }, perSecond),
  })
  const lists = (name: string, accept: string): Row => ({
    name,
    unit: 'MB/s',
    wanted: { share: 0.4 },
    measure: async () => {
      const speed = await list({ ours, floor }, accept)
      return { ours: speed.ours / 1e6, floor: speed.floor / 1e6 }
    },
  })
  return [
    write('creates', 0.5, creates),
    write('updates', 0.45, updates),
    write('server-side applies', 0.25, applies),
    {
      name: `pod GETs, ${connections} connections`,
      unit: '/s',
      wanted: { share: 0.5 },
      measure: () => inTurns({ ours: () => gets(ours, names.ours), floor: () => gets(floor, names.floor) }, perSecond),
    },
    lists(`list of ${listed} pods`, 'application/json'),
    lists(`protobuf list of ${listed} pods`, 'application/vnd.kubernetes.protobuf'),
  ]
}

/** Where the server is not ours there is no word about its event loop. */
async function late(target: Target, row: string): Promise<readonly Figure[]> {
  const delay = await loopDelay(target)
  if (Number.isNaN(delay.p99)) return []
  return [
    { name: `${row}: event loop late, p99`, value: delay.p99, unit: 'ms', wanted: { below: 50 } },
    { name: `${row}: event loop late, longest`, value: delay.max, unit: 'ms', wanted: { below: 200 } },
  ]
}

async function measure(targets: Pair<Target>): Promise<readonly Figure[]> {
  const warm = { ours: creates(targets.ours, { seconds: 2 }), floor: creates(targets.floor, { seconds: 2 }) }
  await done(warm.ours)
  await done(warm.floor)
  const nameOf = ({ body = '' }: Job): string => `${/"name":"(p\d+)-/.exec(body)?.[1] ?? ''}-1`
  const figures: Figure[] = []
  for (const { measure: measured, ...row } of rows(targets, { ours: nameOf(warm.ours), floor: nameOf(warm.floor) })) {
    if (row.name.startsWith('list of')) await done(creates(targets.ours, { seconds: 300, requests: listed }))
    await loopDelay(targets.ours)
    const { ours, floor } = await measured()
    figures.push({ ...row, value: ours, floor }, ...(await late(targets.ours, row.name)))
  }
  return figures
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
    const rss = residentMegabytes(own.pid)
    return [...figures, { name: 'server memory after that', value: rss, unit: 'MB' }]
  } finally {
    await own?.stop()
    await floor.stop()
    if (own !== undefined) await discard(own.dir)
  }
}
