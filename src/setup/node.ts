/** What a machine needs to run real pods: checked, and installed from Debian where it is missing. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fetchDebian } from './debian.ts'

const run = promisify(execFile)

/** Absolute paths of the engines that a node uses. */
export interface NodeTools {
  /** Folder with containerd, ctr and containerd-shim-runc-v2. */
  readonly containerd: string
  readonly runc: string
  /** Folder of the CNI plugins. */
  readonly cni: string
}

export interface NodeSetup {
  /** Where containerd and the CNI plugins are unpacked, once for all clusters of the machine. */
  readonly engines: string
  /** Gets one line before anything is installed. */
  readonly say: (line: string) => void
}

/** A reason why this machine cannot run real pods, in words for the user. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

/** Programs by the Debian package that brings them. */
const needed: readonly { readonly program: string; readonly from: string }[] = [
  { program: 'runc', from: 'runc' },
  { program: 'nft', from: 'nftables' },
  { program: 'ip', from: 'iproute2' },
  { program: 'conntrack', from: 'conntrack' },
  { program: 'nsenter', from: 'util-linux' },
  { program: 'mount', from: 'mount' },
]
const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

export const findProgram = (name: string): string | undefined =>
  folders.map(folder => join(folder, name)).find(path => existsSync(path))

/** Why real pods are impossible here, before anything is tried; undefined where they are possible. */
export function cannotRunPods(machine: {
  readonly platform: string
  readonly uid: number | undefined
}): string | undefined {
  if (machine.platform !== 'linux') return `real nodes need Linux, this is ${machine.platform}`
  if (machine.uid !== 0) return 'real nodes need root'
  return undefined
}

/** Debian packages whose programs are absent. */
export const missingPackages = (find: (name: string) => string | undefined = findProgram): readonly string[] =>
  needed.filter(one => find(one.program) === undefined).map(one => one.from)

async function install(packages: readonly string[], say: (line: string) => void): Promise<void> {
  if (findProgram('apt-get') === undefined)
    throw new SetupError(`please install ${packages.join(', ')}: this machine has no apt to do it with`)
  say(`Installing Debian packages: ${packages.join(', ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = { env, maxBuffer: 64 << 20, timeout: 300_000 }
  const apt = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3']
  try {
    await run('apt-get', [...apt, 'update', '-qq'], options)
    await run('apt-get', [...apt, 'install', '-y', '-qq', '--no-install-recommends', ...packages], options)
  } catch (cause) {
    throw new SetupError(`apt could not install ${packages.join(', ')}: ${lastLine(cause)}`, { cause })
  }
}

function lastLine(cause: unknown): string {
  const text =
    cause instanceof Error && 'stderr' in cause && typeof cause.stderr === 'string' ? cause.stderr : String(cause)
  return text.trim().split('\n').at(-1) ?? ''
}

/** What every real node needs, whoever runs its containers. @throws SetupError */
export async function setupHost(say: (line: string) => void, beside: readonly string[] = ['runc']): Promise<void> {
  const why = cannotRunPods({ platform: process.platform, uid: process.getuid?.() })
  if (why !== undefined) throw new SetupError(why)
  const missing = missingPackages().filter(name => !beside.includes(name))
  if (missing.length > 0) await install(missing, say)
}

/** Makes the machine fit for real nodes and says where the engines are. @throws SetupError */
export async function setupNode({ engines, say }: NodeSetup): Promise<NodeTools> {
  await setupHost(say, [])
  try {
    await fetchDebian({
      suite: 'sid',
      packages: ['containerd', 'containernetworking-plugins'],
      into: engines,
      say,
    })
  } catch (cause) {
    throw new SetupError(`cannot fetch containerd from Debian: ${lastLine(cause)}`, { cause })
  }
  const runc = findProgram('runc')
  if (runc === undefined) throw new SetupError('runc is still missing after its installation')
  return { containerd: join(engines, 'usr/bin'), runc, cni: join(engines, 'usr/lib/cni') }
}
