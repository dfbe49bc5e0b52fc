/** The whole of it: a Deployment through API, controllers and scheduler to real containers, under the node's own identity. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#base/clock.ts'
import { makeLog } from '#base/log.ts'
import { makeInformer, type Informer } from '#client/informer.ts'
import { deployments, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type Agent, startAgent } from '#node/agent/agent.ts'
import { type Containerd, type ContainerdOptions, startContainerd } from '#node/containerd/instance.ts'
import { purgeContainerd } from '#node/containerd/purge.ts'
import { type Cluster, startCluster } from '#testing/startCluster.ts'
import { buildImages } from '../images/build.ts'
import { cache, privateNode, skip } from './engines.ts'
import { busybox, isReady } from './plane.ts'

const name = 'worker'
let cluster: Cluster
let options: ContainerdOptions
let containerd: Containerd
let informer: Informer
let agent: Agent

before(async () => {
  if (skip !== false) return
  options = await privateNode()
  const log = makeLog(line => void process.stderr.write(line), process.env['DEBUG'] === undefined ? 'error' : 'debug')
  cluster = await startCluster({ nodes: 0 })
  containerd = await startContainerd(options)
  for (const archive of await buildImages(join(cache, 'images'), ['busybox'])) await containerd.importImage(archive)
  const client = cluster.as(`system:node:${name}`, ['system:nodes', 'system:authenticated'])
  informer = makeInformer({
    client,
    clock: systemClock,
    log,
    random: Math.random,
    narrow: ref =>
      ref.resource === 'pods'
        ? { fieldSelector: `spec.nodeName=${name}` }
        : ref.resource === 'nodes'
          ? { fieldSelector: `metadata.name=${name}` }
          : {},
  })
  agent = await startAgent({
    client,
    reader: informer,
    clock: systemClock,
    log,
    random: Math.random,
    containerd,
    nodeName: name,
    dir: options.dir,
    cgroup: `/${options.name}`,
    hostIPs: ['127.0.0.1'],
    clusterDNS: [],
    clusterDomain: 'cluster.local',
    version: 'v1.36.0',
    port: 0,
    podCIDR: '10.251.24.0/24',
  })
})
after(async () => {
  if (skip !== false) return
  await agent.stop()
  await informer.stop()
  await cluster.stop()
  await containerd.stop()
  await purgeContainerd(options, `/${options.name}`)
})

async function until(wanted: (list: readonly Pod[]) => boolean): Promise<readonly Pod[]> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(20)) {
    const { items } = await cluster.client.list(pods, { namespace: 'default' })
    if (wanted(items)) return items
  }
  const { items } = await cluster.client.list(pods, { namespace: 'default' })
  throw new Error(
    JSON.stringify(
      items.map(one => one.status),
      null,
      1,
    ),
  )
}

test(
  'a Deployment becomes ready with its service account token, scales and goes',
  { skip, timeout: 90_000 },
  async () => {
    const { client } = cluster
    const labels = { app: 'web' }
    const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done']
    await client.create(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 2, containers: [{ name: 'c', image: busybox, command }] },
        },
      },
    })
    const list = await until(all => all.length === 2 && all.every(isReady))
    const container = agent.pods().find(({ pod }) => pod.metadata.uid === list[0]?.metadata.uid)?.runtime.containers[0]
    const cat = ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/namespace']
    const seen = await containerd.cri.runtime.execSync({ containerId: container?.id ?? '', cmd: cat, timeout: 5n })
    assert.equal(Buffer.from(seen.stdout).toString(), 'default')
    const node = await client.get(nodes, name)
    assert.equal(node.status?.conditions?.find(one => one.type === 'Ready')?.status, 'True')
    await client.patch(deployments, 'default/web', { type: 'merge', content: { spec: { replicas: 0 } } })
    await until(all => all.length === 0)
  },
)
