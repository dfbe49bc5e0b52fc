/** A containerd of our own: started detached, found again by whoever comes later, stopped without touching pods. */
import { execFile, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Log } from '#base/log.ts'
import type { Cri } from '../cri/client.ts'
import { connectCri } from '../cri/client.ts'
import { cniConfig, type ContainerdPaths, containerdConfig, containerdPaths } from './config.ts'
import { keepAlive } from './keep.ts'
import { pauseArchive, pauseImage } from './pause.ts'
import { bootId, dropRecord, isAlive, readRecord, writeRecord } from './record.ts'

const run = promisify(execFile)
/** A unix socket's path must fit sun_path. */
const longestSocket = 107

export interface ContainerdOptions {
  /** The node's directory. */
  readonly dir: string
  /** Folder with containerd, its shim and ctr. */
  readonly binaries: string
  readonly runc: string
  readonly cniPlugins: string
  /** Unique on the machine; names the pod network. */
  readonly name: string
  /** Path of a network namespace to live in; absent: the machine's own. */
  readonly netns?: string
}

/** What runs the containers of a node. */
export interface Runtime {
  readonly cri: Cri
  /** Writes the pod network; containerd takes it up by itself. Needed before the first pod. */
  setNetwork(podCIDR: string): Promise<void>
  /** Loads every image of an OCI or docker archive. */
  importImage(archive: string): Promise<void>
}

export interface Containerd extends Runtime {
  readonly paths: ContainerdPaths
  /** From now on it is started again whenever it ends, until the signal is raised. One process of the machine does that. */
  keep(log: Log, signal: AbortSignal): void
  /** Ends containerd; pods keep running. */
  stop(): Promise<void>
}

const environment = (binaries: string): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${binaries}:${process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin'}`,
})

function launch(options: ContainerdOptions, paths: ContainerdPaths): number {
  const command = [join(options.binaries, 'containerd'), '--config', paths.config]
  // nsenter replaces itself by the command: the pid is containerd's.
  const argv = options.netns === undefined ? command : ['nsenter', `--net=${options.netns}`, '--', ...command]
  const log = openSync(paths.log, 'a', 0o600)
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    detached: true,
    stdio: ['ignore', log, log],
    env: environment(options.binaries),
    cwd: '/',
  })
  closeSync(log)
  child.on('error', () => undefined)
  child.unref()
  if (child.pid === undefined) throw new Error(`cannot start ${argv[0]}`)
  return child.pid
}

async function answers(cri: Cri, alive: () => boolean, limitMs: number): Promise<boolean> {
  for (const end = performance.now() + limitMs; performance.now() < end && alive(); await sleep(10))
    try {
      const { runtimeName } = await cri.runtime.version({}, { timeoutMs: 1_000 })
      if (runtimeName !== '') return true
    } catch {
      // Not listening yet.
    }
  return false
}

async function write(options: ContainerdOptions, paths: ContainerdPaths): Promise<void> {
  for (const folder of [paths.root, paths.state, paths.cni, paths.ipam, paths.certs, paths.runc])
    await mkdir(folder, { recursive: true, mode: 0o711 })
  await chmod(dirname(paths.root), 0o711)
  await writePrivate(paths.config, containerdConfig({ paths, runc: options.runc, cniPlugins: options.cniPlugins }))
}

/** Also where an older one lies that others could read. */
async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 })
  await chmod(file, 0o600)
}

/** Ends the recorded process and waits until it is gone. */
export async function stopRecorded(file: string): Promise<void> {
  const record = readRecord(file)
  if (record !== undefined && isAlive(record)) {
    process.kill(record.pid, 'SIGTERM')
    for (let waited = 0; isAlive(record) && waited < 10_000; waited += 20) await sleep(20)
    if (isAlive(record)) process.kill(record.pid, 'SIGKILL')
  }
  dropRecord(file)
}

async function adoptOrStart(options: ContainerdOptions, paths: ContainerdPaths, cri: Cri): Promise<void> {
  const earlier = readRecord(paths.record)
  if (earlier !== undefined && isAlive(earlier)) {
    if (await answers(cri, () => isAlive(earlier), 5_000)) return
    await stopRecorded(paths.record)
  }
  // What an earlier boot left in the state folder belongs to processes that are gone.
  if (earlier !== undefined && earlier.boot !== bootId()) await rm(paths.state, { recursive: true, force: true })
  await write(options, paths)
  await rm(paths.socket, { force: true })
  const pid = launch(options, paths)
  writeRecord(paths.record, pid)
  const record = readRecord(paths.record)
  if (!(await answers(cri, () => record !== undefined && isAlive(record), 20_000)))
    throw new Error(`containerd does not answer; its log is ${paths.log}`)
}

/** Adopts the instance that runs, or starts one. @throws Error when it does not come up. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const paths = containerdPaths(options.dir)
  if (Buffer.byteLength(`${paths.socket}.ttrpc`) > longestSocket)
    throw new Error(`${options.dir} is too long a path for containerd's socket`)
  const cri = connectCri(paths.socket)
  await adoptOrStart(options, paths, cri).catch((error: unknown) => {
    cri.close()
    throw error
  })
  const importImage = async (archive: string): Promise<void> => {
    const argv = ['--address', paths.socket, '--namespace', 'k8s.io', 'images', `import`, archive]
    const { stdout } = await run(join(options.binaries, 'ctr'), argv, { timeout: 300_000, maxBuffer: 16 << 20 })
    await Promise.all(importedNames(stdout).map(name => known(cri, name)))
  }
  await ensurePause(cri, importImage, paths)
  const kept = {
    isAlive: () => {
      const record = readRecord(paths.record)
      return record !== undefined && isAlive(record)
    },
    start: () => adoptOrStart(options, paths, cri),
  }
  return {
    paths,
    cri,
    importImage,
    setNetwork: podCIDR =>
      writePrivate(join(paths.cni, '10-pods.conflist'), cniConfig({ name: options.name, podCIDR, ipam: paths.ipam })),
    keep: (log, signal) => void keepAlive(kept, log, signal),
    stop: async () => {
      cri.close()
      await stopRecorded(paths.record)
    },
  }
}

/** What ctr says it has imported: `NAME saved`, or `unpacking NAME` of older ones. */
export const importedNames = (output: string): readonly string[] =>
  [...output.matchAll(/^(?:unpacking )?(\S+[:@]\S+)\s+(?:saved|\()/gm)].map(match => match[1] ?? '')

/** The CRI part of containerd hears of an import only after it: without waiting, a first pod would try to pull. */
export async function known(cri: Cri, name: string): Promise<void> {
  for (const end = performance.now() + 10_000; performance.now() < end; await sleep(5))
    if ((await cri.images.imageStatus({ image: { image: name } })).image !== undefined) return
  throw new Error(`containerd has imported ${name} but does not show it`)
}

async function ensurePause(
  cri: Cri,
  importImage: (archive: string) => Promise<void>,
  paths: ContainerdPaths,
): Promise<void> {
  const known = await cri.images.imageStatus({ image: { image: pauseImage } })
  if (known.image !== undefined) return
  const file = join(dirname(paths.root), 'pause.tar')
  await writeFile(file, pauseArchive())
  await importImage(file)
}
