/** Whole servers around one etcd, as the command line starts them: what they share, what one does when another is gone, migration. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { type Client, makeClient } from '#client/client.ts'
import { httpsTransport } from '#client/https.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import type { ConfigMap, Service } from '#kinds/facts/generated/types/core_v1.ts'
import { configMaps, deployments, secrets, services } from '#kinds/facts/generated/refs.ts'
import { eventually } from '../tools/cluster.ts'
import { type EtcdCluster, freePorts, skip, startEtcd } from './etcd.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../../src/main.ts')
const closers: (() => void)[] = []

interface Running {
  readonly client: Client
  readonly child: ChildProcess
  log(): string
}

async function connect(kubeconfig: string): Promise<Client> {
  const access = await loadKubeconfig(kubeconfig)
  const { server, authority, identity } = access
  const transport = httpsTransport({ server, authority, identity: () => identity, userAgent: 'test', timeout: 5000 })
  closers.push(() => transport.close())
  return makeClient(transport.send)
}

const configMap = (name: string, value: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { value },
})

suite('servers around one etcd', { skip }, () => {
  let etcd: EtcdCluster
  let dir: string
  let ports: readonly number[]
  const children: ChildProcess[] = []
  before(async () => {
    etcd = await startEtcd()
    dir = mkdtempSync(join(tmpdir(), 'bw-servers-'))
    ports = await freePorts(4)
  })
  after(async () => {
    for (const close of closers) close()
    for (const child of children) child.kill('SIGKILL')
    await etcd.stop()
    rmSync(dir, { recursive: true })
  })

  const access = (): readonly string[] => [
    `--etcd-cafile=${etcd.dir}/ca.pem`,
    `--etcd-certfile=${etcd.dir}/client.pem`,
    `--etcd-keyfile=${etcd.dir}/client.key`,
    `--key-file=${dir}/shared.key`,
  ]
  const start = async (name: string, port: number, more: readonly string[] = []): Promise<Running> => {
    const where = ['--name', name, '--data-dir', dir, '--port', String(port), '--advertise-address', '127.0.0.1']
    const child = spawn(
      process.execPath,
      [program, 'server', ...where, '--store', etcd.access.endpoints.join(), ...access(), ...more],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    children.push(child)
    let log = ''
    child.stderr.on('data', (data: Buffer) => (log += data.toString()))
    await eventually(`server ${name}`, async () => log, { until: text => text.includes('"ready"'), seconds: 20 })
    return { child, log: () => log, client: await connect(join(dir, name, 'kubeconfig')) }
  }

  test('a second server needs the address and the key file, and sees all that the first one does', async () => {
    const one = await start('one', ports[0] ?? 0)
    const two = await start('two', ports[1] ?? 0)
    await one.client.create(configMaps, configMap('shared', 'by one'))
    const found = await two.client.get(configMaps, 'default/shared')
    await two.client.update(configMaps, { ...found, data: { value: 'by two' } })
    assert.equal((await one.client.get(configMaps, 'default/shared')).data?.['value'], 'by two')
    assert.match(one.log(), /"leading"/)
    assert.doesNotMatch(two.log(), /"leading"/)
    await two.client.create(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } },
      },
    })
    await eventually('the leader makes the pods', () => two.client.get(deployments, 'default/web'), {
      until: web => web.status?.replicas === 2,
      seconds: 10,
    })
    // It gives the lease up when it ends; the next one leads at once.
    one.child.kill('SIGTERM')
    await once(one.child, 'exit')
    await two.client.create(configMaps, configMap('after', 'one is gone'))
    await eventually('the other one leads', async () => two.log(), {
      until: log => log.includes('"leading"'),
      seconds: 15,
    })
    const web = await two.client.get(deployments, 'default/web')
    await two.client.update(deployments, { ...web, spec: { ...web.spec, replicas: 3 } } as typeof web)
    await eventually('the new leader makes the pods', () => two.client.get(deployments, 'default/web'), {
      until: now => now.status?.replicas === 3,
      seconds: 10,
    })
    two.child.kill('SIGKILL')
    await once(two.child, 'exit')
  })

  test('two servers that start at once on an empty etcd become one cluster', async () => {
    const more = ['--etcd-prefix=/atonce']
    const [one, two] = await Promise.all([start('four', ports[0] ?? 0, more), start('five', ports[1] ?? 0, more)])
    await one.client.create(configMaps, configMap('shared', 'by one'))
    assert.equal((await two.client.get(configMaps, 'default/shared')).data?.['value'], 'by one')
    for (const { child } of [one, two]) {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      assert.equal(code, 0)
    }
  })

  test('services get what the first server was given, whichever server makes them', async () => {
    const prefix = '--etcd-prefix=/ranges'
    const given = ['--service-cluster-ip-range=10.20.0.0/16', '--service-node-port-range=20000-20999']
    const one = await start('eight', ports[0] ?? 0, [prefix, ...given])
    const two = await start('nine', ports[1] ?? 0, [prefix])
    const service: Service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    }
    const { spec } = await two.client.create(services, service)
    assert.match(spec.clusterIP ?? '', /^10\.20\./)
    const nodePort = spec.ports?.[0]?.nodePort ?? 0
    assert.ok(nodePort >= 20_000 && nodePort <= 20_999)
    assert.equal((await two.client.get(services, 'default/kubernetes')).spec.clusterIP, '10.20.0.1')
    const where = ['server', '--name', 'ten', '--data-dir', dir, '--store', etcd.access.endpoints.join(), prefix]
    const args = [program, ...where, ...access(), '--service-cluster-ip-range=10.96.0.0/16']
    const other = run(process.execPath, args, { timeout: 20_000 })
    await assert.rejects(other, /made with service addresses 10.20.0.0\/16.*--service-cluster-ip-range 10.20.0.0\/16/)
    for (const { child } of [one, two]) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  })

  test('a server that does not know the certificate of etcd says so', async () => {
    const args = ['server', '--name', 'six', '--data-dir', dir, '--store', etcd.access.endpoints.join()]
    const withoutCertificate = run(process.execPath, [program, ...args, `--key-file=${dir}/shared.key`])
    await assert.rejects(withoutCertificate, /is not trusted.*give the authority that signed it as --etcd-cafile/)
  })

  test('without the key file a server does not start, and makes none', async () => {
    const args = [
      'server',
      '--name',
      'three',
      '--data-dir',
      dir,
      '--port',
      String(ports[2]),
      '--store',
      etcd.access.endpoints.join(),
    ]
    const failing = run(process.execPath, [program, ...args, ...access().slice(0, 3), `--key-file=${dir}/other.key`])
    await assert.rejects(failing, /there is no key file .*other.key: copy it from a server/)
    assert.ok(!existsSync(join(dir, 'other.key')))
  })

  test('a cluster moves from SQLite to etcd and back, with all that it has', async () => {
    const where = ['--name', 'moved', '--data-dir', dir]
    const env = { ...process.env, KUBECONFIG: join(dir, 'user.kubeconfig') }
    const bulwark = (...args: readonly string[]) =>
      run(process.execPath, [program, ...args, ...where], { env, timeout: 60_000 })
    const up = (...more: readonly string[]) =>
      bulwark('up', '--detach', '--nodes', 'simulated=1', '--port', String(ports[3]), ...more)
    const store = etcd.access.endpoints.join()
    const prefix = ['--etcd-prefix=/moved', ...access().slice(0, 3)]
    try {
      await up()
      const client = await connect(join(dir, 'moved', 'kubeconfig'))
      await client.create(configMaps, configMap('kept', 'through it all'))
      await client.create(secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'token', namespace: 'default' },
        data: { value: 'c2VjcmV0' },
      })
      const { uid } = (await client.get(configMaps, 'default/kept')).metadata
      await assert.rejects(
        bulwark('store', 'migrate', '--from', 'sqlite', '--to', store, ...prefix),
        /runs; stop it first/,
      )
      await bulwark('down')
      const moved = await bulwark('store', 'migrate', '--from', 'sqlite', '--to', store, ...prefix)
      assert.match(moved.stderr, /\d+ objects were moved/)
      await assert.rejects(bulwark('store', 'migrate', '--from', 'sqlite', '--to', store, ...prefix), /not empty/)
      await up('--store', store, ...prefix)
      const again = await client.get(configMaps, 'default/kept')
      assert.deepEqual([again.metadata.uid, again.data?.['value']], [uid, 'through it all'])
      await client.update(configMaps, { ...again, data: { value: 'changed in etcd' } })
      await bulwark('down')
      rmSync(join(dir, 'moved', 'server', 'store.db'))
      rmSync(join(dir, 'moved', 'server', 'store.db.head'))
      await bulwark('store', 'migrate', '--from', store, '--to', 'sqlite', ...prefix)
      await up('--store', 'sqlite')
      assert.equal((await client.get(configMaps, 'default/kept')).data?.['value'], 'changed in etcd')
      assert.equal((await client.get(secrets, 'default/token')).data?.['value'], 'c2VjcmV0')
    } finally {
      await bulwark('down', '--purge').catch(() => undefined)
    }
  })
})
