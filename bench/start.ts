/** How long the built server takes to be ready with 10,000 pods, and a cluster in a test to answer. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { podBody } from './pod.ts'
import { discard, runLoad, startServer } from './processes.ts'
import type { Figure } from './report.ts'
import { scale } from './scale.ts'
import { median } from './turns.ts'

const run = promisify(execFile)
const port = 17_444

async function withPods(): Promise<number> {
  const first = await startServer({ port, nodes: 0 })
  await runLoad({
    ...first.target,
    connections: 32,
    seconds: 120,
    requests: scale.keptPods,
    method: 'POST',
    path: '/api/v1/namespaces/default/pods',
    body: JSON.stringify(podBody('p{n}')),
  })
  await first.stop()
  const times: number[] = []
  for (let round = 0; round < scale.starts; round++) {
    const again = await startServer({ dir: first.dir, port, nodes: 0 })
    times.push(again.readyAfter)
    await again.stop()
  }
  await discard(first.dir)
  return median(times)
}

/** Measured inside a process that has loaded the modules, second cluster and later: what a test file pays for each. */
async function inTests(): Promise<number> {
  const script = `
    const { startCluster } = await import(${JSON.stringify(new URL('../src/testing/startCluster.ts', import.meta.url).href)})
    const { configMaps } = await import(${JSON.stringify(new URL('../src/kinds/facts/generated/refs.ts', import.meta.url).href)})
    const times = []
    for (let round = 0; round < 7; round++) {
      const from = performance.now()
      const cluster = await startCluster()
      await cluster.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } })
      times.push(performance.now() - from)
      await cluster.stop()
    }
    console.log(JSON.stringify(times))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
  return median(JSON.parse(stdout) as readonly number[])
}

export const start = async (): Promise<readonly Figure[]> => [
  {
    name: `server start to /readyz, ${scale.keptPods.toLocaleString('en')} pods`,
    value: await withPods(),
    unit: 'ms',
    wanted: { below: 600 },
  },
  { name: 'startCluster() to first create', value: await inTests(), unit: 'ms', wanted: { below: 150 } },
]
