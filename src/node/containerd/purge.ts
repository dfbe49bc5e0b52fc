/** Removes a node's runtime without a trace: pods, processes, mounts, network namespaces, control groups, files. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { removeGroup } from '../cgroups.ts'
import { isAbsent, type Cri } from '../cri/client.ts'
import { containerdPaths } from './config.ts'
import { type ContainerdOptions, startContainerd, stopRecorded } from './instance.ts'

const run = promisify(execFile)

/** Mount points at or below a folder, deepest first, from the text of /proc/self/mountinfo. */
export function mountsUnder(mountinfo: string, folder: string): readonly string[] {
  const unescape = (text: string): string =>
    text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
  return mountinfo
    .split('\n')
    .map(line => unescape(line.split(' ')[4] ?? ''))
    .filter(path => path === folder || path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)
}

export async function unmountUnder(folder: string): Promise<void> {
  for (const path of mountsUnder(readFileSync('/proc/self/mountinfo', 'utf8'), folder))
    await run('umount', ['--lazy', path]).catch(() => undefined)
}

const ignoreAbsent = (error: unknown): void => {
  if (!isAbsent(error)) throw error
}

export async function removeSandboxes(cri: Cri, ids: readonly string[]): Promise<void> {
  await Promise.all(
    ids.map(async id => {
      await cri.runtime.stopPodSandbox({ podSandboxId: id }).catch(ignoreAbsent)
      await cri.runtime.removePodSandbox({ podSandboxId: id }).catch(ignoreAbsent)
    }),
  )
}

/** Shims name their containerd's socket on the command line; those that outlived it are ended. */
function endShims(socket: string): void {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name)))
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      if (argv[0]?.endsWith('containerd-shim-runc-v2') === true && argv.includes(socket)) process.kill(+pid, 'SIGKILL')
    } catch {
      // Gone meanwhile.
    }
}

/**
 * Stops everything and removes `dir`. An instance that is not running is started for it, since only it knows its pods.
 * @param cgroup the node's group, below which all pods' groups are
 */
export async function purgeContainerd(options: ContainerdOptions, cgroup: string): Promise<void> {
  await endPods(options, cgroup)
  await rm(options.dir, { recursive: true, force: true })
}

/** As purgeContainerd, but images stay for the next start. */
export async function endPods(options: ContainerdOptions, cgroup: string): Promise<void> {
  const paths = containerdPaths(options.dir)
  if (existsSync(paths.config)) {
    const containerd = await startContainerd(options)
    const { items } = await containerd.cri.runtime.listPodSandbox({})
    await removeSandboxes(
      containerd.cri,
      items.map(one => one.id),
    )
    await containerd.stop()
  }
  await stopRecorded(paths.record)
  endShims(paths.socket)
  await unmountUnder(options.dir)
  await removeGroup(cgroup)
  for (const folder of ['/var/lib/cni/results', '/var/lib/cni/networks'])
    if (existsSync(folder))
      for (const name of readdirSync(folder).filter(
        name => name.startsWith(`${options.name}-`) || name === options.name,
      ))
        await rm(join(folder, name), { recursive: true, force: true })
  await dropHostPorts(options.netns)
  await rm(paths.state, { recursive: true, force: true })
  await rm(join(options.dir, 'pods'), { recursive: true, force: true })
}

/** The portmap plugin takes away its rules with each pod, but never the table they were in. */
async function dropHostPorts(netns: string | undefined): Promise<void> {
  const nft = async (...argv: readonly string[]): Promise<string> => {
    const command = netns === undefined ? ['nft', ...argv] : ['nsenter', `--net=${netns}`, '--', 'nft', ...argv]
    const { stdout } = await run(command[0] ?? '', command.slice(1))
    return stdout
  }
  const table = ['table', 'ip', 'cni_hostport']
  const rules = await nft('list', ...table).catch(() => undefined)
  if (rules !== undefined && !rules.includes('dnat')) await nft('delete', ...table).catch(() => undefined)
}
