/** kill -9 of any process at any moment: nothing acknowledged is lost, containers run on, `up` finds everything. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeClient } from '../../src/client/client.ts'
import { httpsTransport } from '../../src/client/https.ts'
import { loadKubeconfig } from '../../src/client/kubeconfig.ts'
import { configMaps, pods } from '../../src/kinds/facts/generated/refs.ts'
import type { Pod } from '../../src/kinds/facts/generated/types/core_v1.ts'
import { type UserCluster, eventually, noContainers, startUserCluster } from '../tools/cluster.ts'

const options = { skip: noContainers }
let cluster: UserCluster

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'steady', namespace: 'default' },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: 'busybox:1.37', imagePullPolicy: 'IfNotPresent', command: ['sleep', '3600'] }],
  },
}

async function connect() {
  const access = await loadKubeconfig(cluster.kubeconfig)
  const transport = httpsTransport({
    server: access.server,
    authority: access.authority,
    identity: () => access.identity,
    userAgent: 'crash-test',
    timeout: 5000,
  })
  return { client: makeClient(transport.send), close: () => transport.close() }
}

const pidOf = async (role: string): Promise<number> =>
  (await cluster.processes()).find(one => one.role === role)?.pid ?? 0
const containerOf = (found: Pod): string =>
  `${found.status?.containerStatuses?.[0]?.containerID ?? ''} ${found.status?.containerStatuses?.[0]?.restartCount ?? -1}`

before(async () => {
  if (noContainers !== false) return
  cluster = await startUserCluster({ port: 16_444, images: ['busybox'] })
})
after(async () => {
  if (noContainers === false) await cluster.purge()
})

test('writes that were acknowledged survive the end of the server, again and again', options, async () => {
  const { client, close } = await connect()
  const ledger: string[] = []
  let going = true
  let serial = 0
  const writer = async (): Promise<void> => {
    while (going) {
      const name = `entry-${serial++}`
      const done = await client
        .create(configMaps, {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, namespace: 'default' },
          data: { serial: name },
        })
        .then(
          () => true,
          () => false,
        )
      if (done) ledger.push(name)
      else await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  const writers = Array.from({ length: 8 }, writer)
  for (let round = 0; round < 4; round++) {
    const before = ledger.length
    await eventually('writes to go on', () => Promise.resolve(ledger.length), {
      until: length => length > before + 50,
      seconds: 150,
    })
    const pid = await pidOf('server')
    if (pid > 0) process.kill(pid, 'SIGKILL')
  }
  const before = ledger.length
  await eventually('writes to go on', () => Promise.resolve(ledger.length), {
    until: length => length > before + 50,
    seconds: 150,
  })
  going = false
  await Promise.all(writers)
  const { items } = await client.list(configMaps, { namespace: 'default' })
  const kept = new Set(items.map(one => one.metadata.name))
  assert.deepEqual(
    ledger.filter(name => !kept.has(name)),
    [],
  )
  close()
})

test(
  'containers run on while server, agent, containerd and supervisor die, and up finds everything',
  options,
  async () => {
    const { client, close } = await connect()
    await client.create(pods, pod)
    const running = await eventually('the pod', () => client.get(pods, 'default/steady'), {
      until: found => found.status?.phase === 'Running',
      seconds: 150,
    })
    const container = containerOf(running)
    const settled = (): Promise<string> =>
      eventually('the cluster to be ready', () => cluster.bulwark('status', '-o', 'json'), {
        until: text => (JSON.parse(text) as { ready: boolean }).ready,
        seconds: 150,
      })
    // At once after each other first, then with everything at rest: who brings back what differs.
    const inHaste = ['agent', 'containerd', 'server', 'supervisor']
    const atRest = ['containerd', 'dns', 'agent']
    for (const [at, role] of [...inHaste, ...atRest].entries()) {
      if (at >= inHaste.length) await settled()
      const pid = await pidOf(role)
      assert.ok(pid > 0, `${role} does not run`)
      process.kill(pid, 'SIGKILL')
      if (role === 'supervisor') await cluster.bulwark('up', '--detach')
      await eventually(`${role} to be back`, () => pidOf(role), {
        until: found => found > 0 && found !== pid,
        seconds: 150,
      })
    }
    await settled()
    const after = await eventually('the pod to be known', () => client.get(pods, 'default/steady'), {
      until: found => found.status?.phase === 'Running',
      seconds: 150,
    })
    assert.equal(containerOf(after), container, 'the container was started anew')
    await eventually('a command in it', () => cluster.kubectl('exec', 'steady', '--', 'echo', 'alive'), {
      until: text => text.includes('alive'),
      seconds: 150,
    })
    close()
  },
)
