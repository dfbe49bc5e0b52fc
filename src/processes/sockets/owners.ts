/** The processes of a cluster, and which sockets each of them holds. */
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { dnsPaths } from '#network/dns/process.ts'
import { containerdPaths } from '#node/containerd/config.ts'
import { isAlive, readRecord } from '#node/containerd/record.ts'
import type { Layout, Role } from '../layout.ts'
import { type Listener, ipListeners, unixListeners } from './proc.ts'

export type Owner = Role | 'dns' | 'containerd' | 'shim'

export interface OwnedProcess {
  readonly owner: Owner
  readonly pid: number
}

export interface Held extends Listener, OwnedProcess {}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // The process has ended, or is not ours to look at.
    return ''
  }
}

const pids = (): readonly number[] => readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? [Number(name)] : []))

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

/** Recorded processes; what they have started belongs to them, unless it is recorded itself. Containers are not among it. */
export function clusterProcesses(layout: Layout): readonly OwnedProcess[] {
  const { socket, record } = containerdPaths(layout.node)
  const recorded = new Map<number, Owner>()
  const files: readonly (readonly [Owner, string])[] = [
    ...(['supervisor', 'server', 'agent'] as const).map(role => [role, layout.record(role)] as const),
    ['dns', dnsPaths(layout.node).record],
    ['containerd', record],
  ]
  for (const [owner, file] of files) {
    const found = readRecord(file)
    if (found !== undefined && isAlive(found)) recorded.set(found.pid, owner)
  }
  const all = pids()
  const parents = new Map(all.map(pid => [pid, parentOf(pid)]))
  const ownerOf = (pid: number): Owner | undefined => {
    for (let at = pid, steps = 0; at > 1 && steps < 64; at = parents.get(at) ?? 0, steps++) {
      const owner = recorded.get(at)
      if (owner !== undefined) return owner
      if (isShim(at, socket)) return at === pid ? 'shim' : undefined
    }
    return undefined
  }
  return all.flatMap(pid => {
    const owner = ownerOf(pid)
    return owner === undefined ? [] : [{ owner, pid }]
  })
}

/** What keeps a pod's containers while the runtime is away: it outlives the runtime, so it is no child of it. */
function isShim(pid: number, socket: string): boolean {
  const argv = read(`/proc/${pid}/cmdline`).split('\0')
  return (argv[0] ?? '').includes('containerd-shim') && argv.includes(socket)
}

function inodesOf(pid: number): ReadonlySet<string> {
  const found = new Set<string>()
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${name}`))?.[1]
      if (inode !== undefined) found.add(inode)
    }
  } catch {
    // It has ended.
  }
  return found
}

const link = (path: string): string => {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** All that listen in the network of a process. */
const listenersSeenBy = (pid: number): readonly Listener[] => [
  ...(['tcp', 'udp'] as const).flatMap(protocol =>
    ['', '6'].flatMap(suffix => ipListeners(read(`/proc/${pid}/net/${protocol}${suffix}`), protocol)),
  ),
  ...unixListeners(read(`/proc/${pid}/net/unix`)),
]

/** Every listening socket of these processes, each in the network that its process lives in. */
export function heldSockets(processes: readonly OwnedProcess[]): readonly Held[] {
  const networks = new Map<string, readonly Listener[]>()
  return processes.flatMap(({ owner, pid }) => {
    const network = link(`/proc/${pid}/ns/net`)
    const seen = networks.get(network) ?? listenersSeenBy(pid)
    networks.set(network, seen)
    const inodes = inodesOf(pid)
    return seen.filter(one => inodes.has(one.inode)).map(one => ({ ...one, owner, pid }))
  })
}

/** Whether this machine can tell. */
export const canLook = (): boolean => existsSync('/proc/net/tcp')
