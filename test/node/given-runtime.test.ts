/** A cluster on a runtime that somebody else runs: Debian 12's containerd 1.6, which streams no events. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cniConfig } from '#node/containerd/config.ts'
import { pauseArchive, pauseImage } from '#node/containerd/pause.ts'
import { type Cri, connectCri } from '#node/cri/client.ts'
import { fetchDebian } from '#setup/debian.ts'
import { findProgram } from '#setup/node.ts'
import { type UserCluster, eventually, startUserCluster } from '../tools/cluster.ts'
import { cache, skip, tools } from './engines.ts'

const run = promisify(execFile)
const options = { skip, timeout: 120_000 }
const binaries = join(cache, 'containerd-1.6/usr/bin')
let dir: string
let socket: string
let runtime: ChildProcess
let cri: Cri
let cluster: UserCluster | undefined
const kubectl = (...args: readonly string[]): Promise<string> =>
  cluster === undefined ? Promise.reject(new Error('no cluster')) : cluster.kubectl(...args)

const config = (runc: string, cni: string): string => `version = 2
root = "${dir}/root"
state = "${dir}/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  disable_apparmor = true
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cni}"
    conf_dir = "${dir}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "${runc}"
      Root = "${dir}/runc"
`

const ctr = (...args: readonly string[]) => run(join(binaries, 'ctr'), ['-a', socket, '-n', 'k8s.io', ...args])

/** Somebody else's pod on the same runtime. */
async function foreignPod(): Promise<string> {
  const metadata = { name: 'foreign', namespace: 'elsewhere', uid: 'foreign-uid', attempt: 0 }
  const config_ = { metadata, hostname: 'foreign', logDirectory: dir, linux: { cgroupParent: '/foreign-test' } }
  return (await cri.runtime.runPodSandbox({ config: config_ })).podSandboxId
}

before(async () => {
  if (skip !== false) return
  await fetchDebian({
    suite: 'bookworm',
    packages: ['containerd'],
    into: join(cache, 'containerd-1.6'),
    say: console.error,
  })
  const { cni } = await tools()
  dir = await mkdtemp(join(tmpdir(), 'bw-given-'))
  socket = join(dir, 'c.sock')
  await mkdir(join(dir, 'cni'))
  await writeFile(join(dir, 'config.toml'), config(findProgram('runc') ?? '', cni))
  const network = { name: 'given-test', podCIDR: '10.251.77.0/24', ipam: join(dir, 'ipam') }
  await writeFile(join(dir, 'cni/10-given.conflist'), cniConfig(network))
  runtime = spawn(join(binaries, 'containerd'), ['--config', join(dir, 'config.toml')], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${binaries}:${process.env['PATH'] ?? ''}` },
  })
  cri = connectCri(socket)
  await eventually('the runtime', () => cri.runtime.version({}), { until: () => true, seconds: 30 })
  await writeFile(join(dir, 'pause.tar'), pauseArchive())
  await ctr('images', 'import', join(dir, 'pause.tar'))
  // Where the command line finds the runtime's ctr.
  process.env['PATH'] = `${binaries}:${process.env['PATH'] ?? ''}`
  cluster = await startUserCluster({
    port: 16_447,
    images: ['busybox'],
    flags: ['--container-runtime-endpoint', `unix://${socket}`],
  })
})
after(async () => {
  if (skip !== false) return
  await cluster?.purge().catch(() => undefined)
  for (const { id } of (await cri.runtime.listPodSandbox({})).items) {
    await cri.runtime.stopPodSandbox({ podSandboxId: id })
    await cri.runtime.removePodSandbox({ podSandboxId: id })
  }
  cri.close()
  runtime.kill('SIGTERM')
  await sleep(500)
  await run('umount', ['-R', '-l', join(dir, 'state')]).catch(() => undefined)
  await rm(dir, { recursive: true, force: true })
})

test('pods run on it, and what ends is seen without events', options, async () => {
  assert.match(await kubectl('get', 'nodes', '-o', 'wide'), /containerd:\/\/1\.6/)
  await kubectl('run', 'quick', '--image=busybox:1.37', '--restart=Never', '--', 'sh', '-c', 'echo done')
  await kubectl('wait', 'pod/quick', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s')
  assert.equal(await kubectl('logs', 'quick'), 'done\n')
  await kubectl('run', 'steady', '--image=busybox:1.37', '--', 'sleep', '3600')
  await kubectl('wait', 'pod/steady', '--for=condition=Ready', '--timeout=60s')
  assert.equal(await kubectl('exec', 'steady', '--', 'echo', 'alive'), 'alive\n')
  const { containers } = await cri.runtime.listContainers({
    filter: { labelSelector: { 'io.kubernetes.pod.name': 'steady' } },
  })
  await cri.runtime.stopContainer({ containerId: containers[0]?.id ?? '', timeout: 0n })
  const restarts = ['get', 'pod', 'steady', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}']
  await eventually('a restart', () => kubectl(...restarts), { until: text => text === '1', seconds: 60 })
})

test('down ends its own pods, and neither the runtime nor the pods of others', options, async () => {
  const foreign = await foreignPod()
  await cluster?.purge()
  assert.deepEqual(
    (await cri.runtime.listPodSandbox({})).items.map(one => one.id),
    [foreign],
  )
})
