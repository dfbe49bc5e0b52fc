/**
 * How long a pod takes from its creation to Running as a watcher sees it, on real containers, beside what the runtime alone
 * takes for the same. Needs root. The image is built and imported first.
 */
import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Client, makeClient } from '../src/client/client.ts'
import { httpsTransport } from '../src/client/https.ts'
import { loadKubeconfig } from '../src/client/kubeconfig.ts'
import { pods } from '../src/kinds/facts/generated/refs.ts'
import type { Pod } from '../src/kinds/facts/generated/types/core_v1.ts'
import { containerdPaths } from '../src/node/containerd/config.ts'
import { layout } from '../src/processes/layout.ts'
import { buildImages } from '../test/images/build.ts'
import { discard } from './processes.ts'
import type { Figure } from './report.ts'
import { scale } from './scale.ts'
import { type BareRuntime, bareRuntime } from './runtime.ts'
import { cannotRunPods } from '../src/setup/node.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../dist/main.js')
const image = 'busybox:1.37'
const namespace = 'default'
const { podRounds: rounds, crowd } = scale

const podOf = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent', command: ['sleep', '3600'] }],
  },
})

/** Tells when pods run, and when they are gone. */
class Watcher {
  readonly #waiting = new Map<string, () => void>()
  readonly #abort = new AbortController()

  async start(client: Client): Promise<void> {
    const { resourceVersion } = await client.list(pods, { namespace })
    const events = await client.watch(pods, { namespace, resourceVersion, signal: this.#abort.signal })
    void this.#read(events).catch(() => undefined)
  }

  async #read(events: AsyncIterable<readonly { type: string; object: object }[]>): Promise<void> {
    for await (const batch of events)
      for (const { type, object } of batch) {
        const { metadata, status } = object as Pod
        if (type === 'DELETED') this.#tell(`gone ${metadata.name}`)
        else if (status?.phase === 'Running') this.#tell(`runs ${metadata.name}`)
      }
  }

  #tell(what: string): void {
    this.#waiting.get(what)?.()
    this.#waiting.delete(what)
  }

  heard(what: string): Promise<void> {
    return new Promise(resolve => this.#waiting.set(what, resolve))
  }

  stop(): void {
    this.#abort.abort()
  }
}

async function together(client: Client, watcher: Watcher, names: readonly string[]): Promise<number> {
  const from = performance.now()
  await Promise.all(
    names.map(async name => {
      const runs = watcher.heard(`runs ${name}`)
      await client.create(pods, podOf(name))
      await runs
    }),
  )
  const took = performance.now() - from
  await Promise.all(
    names.map(async name => {
      const gone = watcher.heard(`gone ${name}`)
      await client.delete(pods, `${namespace}/${name}`, { gracePeriodSeconds: 0 })
      await gone
    }),
  )
  return took
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

interface Times {
  readonly ours: number
  readonly bare: number
}

/** In turns, so that a busy moment of the machine meets both. */
async function oneAfterAnother(client: Client, watcher: Watcher, bare: BareRuntime): Promise<Times> {
  const [ours, alone]: [number[], number[]] = [[], []]
  for (let round = -1; round < rounds; round++) {
    const times = [await together(client, watcher, [`one-${round + 1}`]), await bare.one()] as const
    // The first one warms both up.
    if (round < 0) continue
    ours.push(times[0])
    alone.push(times[1])
  }
  return { ours: median(ours), bare: median(alone) }
}

async function atOnce(client: Client, watcher: Watcher, bare: BareRuntime): Promise<Times> {
  const [ours, alone]: [number[], number[]] = [[], []]
  for (const [at, parallel] of [4, 8, 16].entries()) {
    alone.push(await bare.many(crowd, parallel))
    ours.push(
      await together(
        client,
        watcher,
        Array.from({ length: crowd }, (_, serial) => `crowd-${at}-${serial}`),
      ),
    )
  }
  return { ours: median(ours), bare: Math.min(...alone) }
}

async function measure(dir: string, name: string): Promise<readonly Figure[]> {
  const access = await loadKubeconfig(layout(join(dir, name)).kubeconfig)
  const transport = httpsTransport({
    server: access.server,
    authority: access.authority,
    identity: () => access.identity,
    userAgent: 'bench',
  })
  const client = makeClient(transport.send)
  const watcher = new Watcher()
  const bare = bareRuntime({
    socket: containerdPaths(layout(join(dir, name)).node).socket,
    image,
    cgroup: `/bulwark-${name}`,
  })
  try {
    await watcher.start(client)
    const one = await oneAfterAnother(client, watcher, bare)
    const many = await atOnce(client, watcher, bare)
    return [
      {
        name: `pod create to Running, median of ${rounds}`,
        value: one.ours,
        unit: 'ms',
        floor: one.bare,
        wanted: { timesFloor: 1.6 },
      },
      {
        name: `${crowd} pods at once, all Running`,
        value: many.ours,
        unit: 'ms',
        floor: many.bare,
        wanted: { timesFloor: 1.4 },
      },
    ]
  } finally {
    watcher.stop()
    bare.close()
    transport.close()
  }
}

export async function podStarts(): Promise<readonly Figure[]> {
  const why = cannotRunPods({ platform: process.platform, uid: process.getuid?.() })
  if (why !== undefined) {
    process.stderr.write(`bench: pods are left out: ${why}\n`)
    return []
  }
  const dir = await mkdtemp(join(tmpdir(), 'bw-'))
  // Names are the machine's: two runs at the same time need two.
  const name = `bench-${process.pid}`
  const bulwark = async (...args: readonly string[]): Promise<void> => {
    const env = { ...process.env, KUBECONFIG: join(dir, 'user.kubeconfig') }
    await run(process.execPath, [program, ...args, '--name', name, '--data-dir', dir], { env, maxBuffer: 16 << 20 })
  }
  try {
    await bulwark('up', '--detach', '--port', '17446')
    await bulwark('image', 'import', ...(await buildImages(join(homedir(), '.cache/bulwark/images'), ['busybox'])))
    return await measure(dir, name)
  } finally {
    // Where it did not come up, why is what matters.
    await bulwark('down', '--purge').catch((error: unknown) => process.stderr.write(`bench: ${String(error)}\n`))
    await discard(dir)
  }
}
