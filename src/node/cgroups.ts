/** Control groups of pods: on version 1 in every hierarchy by hand, on version 2 in the one tree. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const mountPoint = '/sys/fs/cgroup'

export interface GroupLimits {
  /** Thousandths of a CPU. */
  readonly cpuRequest: number
  readonly cpuLimit?: number
  /** Bytes. */
  readonly memoryLimit?: number
  readonly pids?: number
}

export const unified = (): boolean => existsSync(join(mountPoint, 'cgroup.controllers'))

/** Every hierarchy's root. */
const hierarchies = (): readonly string[] =>
  unified()
    ? [mountPoint]
    : readdirSync(mountPoint, { withFileTypes: true })
        .filter(entry => entry.isDirectory())
        .map(entry => join(mountPoint, entry.name))

/** CPU shares of version 1: 1024 a CPU, never under 2. */
export const cpuShares = (thousandths: number): number =>
  Math.min(262_144, Math.max(2, Math.floor((thousandths * 1024) / 1000)))
/** CPU quota for a period of 100 ms in microseconds, never under 1 ms. */
export const cpuQuota = (thousandths: number): number => Math.max(1_000, thousandths * 100)
export const cpuPeriod = 100_000

const weightOf = (shares: number): number => Math.floor(1 + ((shares - 2) * 9_999) / 262_142)

/** Files to write below a hierarchy's folder of the group, by controller (version 1). */
export function groupFiles(
  limits: GroupLimits,
): readonly (readonly [controller: string, file: string, value: string])[] {
  return [
    ['cpu', 'cpu.shares', String(cpuShares(limits.cpuRequest))],
    ...(limits.cpuLimit === undefined
      ? []
      : ([
          ['cpu', 'cpu.cfs_period_us', String(cpuPeriod)],
          ['cpu', 'cpu.cfs_quota_us', String(cpuQuota(limits.cpuLimit))],
        ] as const)),
    ...(limits.memoryLimit === undefined
      ? []
      : ([['memory', 'memory.limit_in_bytes', String(limits.memoryLimit)]] as const)),
    ...(limits.pids === undefined ? [] : ([['pids', 'pids.max', String(limits.pids)]] as const)),
  ]
}

function unifiedFiles(limits: GroupLimits): readonly (readonly [file: string, value: string])[] {
  return [
    ['cpu.weight', String(weightOf(cpuShares(limits.cpuRequest)))],
    ...(limits.cpuLimit === undefined ? [] : ([['cpu.max', `${cpuQuota(limits.cpuLimit)} ${cpuPeriod}`]] as const)),
    ...(limits.memoryLimit === undefined ? [] : ([['memory.max', String(limits.memoryLimit)]] as const)),
    ...(limits.pids === undefined ? [] : ([['pids.max', String(limits.pids)]] as const)),
  ]
}

async function delegate(group: string): Promise<void> {
  let folder = mountPoint
  for (const part of group.split('/').filter(name => name !== '')) {
    await writeFile(join(folder, 'cgroup.subtree_control'), '+cpu +memory +pids').catch(() => undefined)
    folder = join(folder, part)
    await mkdir(folder, { recursive: true })
  }
}

/** Makes the group and sets its limits. @param group absolute within the hierarchies, for example /bulwark/podUID */
export async function makeGroup(group: string, limits: GroupLimits): Promise<void> {
  if (unified()) {
    await delegate(group)
    await Promise.all(unifiedFiles(limits).map(([file, value]) => writeFile(join(mountPoint, group, file), value)))
    return
  }
  await Promise.all(['cpu', 'memory', 'pids'].map(name => mkdir(join(mountPoint, name, group), { recursive: true })))
  for (const [controller, file, value] of groupFiles(limits))
    await writeFile(join(mountPoint, controller, group, file), value)
}

async function removeTree(folder: string): Promise<void> {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  for (let attempt = 0; attempt < 5 && existsSync(folder); attempt++) await removeOnce(folder, attempt)
}

/** A group whose last process just ended is busy for a moment. */
async function removeOnce(folder: string, attempt: number): Promise<void> {
  try {
    await rmdir(folder)
  } catch {
    await new Promise(resolve => setTimeout(resolve, 5 << attempt))
  }
}

/** Removes the group and all below it from every hierarchy; processes in it must have ended. */
export async function removeGroup(group: string): Promise<void> {
  if (!/^\/[^/]+/.test(group)) throw new RangeError(`not a group of ours: ${group}`)
  await Promise.all(hierarchies().map(root => removeTree(join(root, group))))
}

/** Processes in a group of version 1's memory hierarchy, or of version 2's tree. */
export function processesIn(group: string): readonly number[] {
  const file = join(mountPoint, unified() ? '' : 'memory', group, 'cgroup.procs')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(Number)
}
