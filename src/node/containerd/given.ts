/** A runtime that somebody else runs, any that speaks CRI: used as it is, never started, configured or ended. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { removeGroup } from '../cgroups.ts'
import { connectCri } from '../cri/client.ts'
import { label } from '../runtime.ts'
import { importedNames, known, type Runtime } from './instance.ts'
import { removeSandboxes, unmountUnder } from './purge.ts'

const run = promisify(execFile)

export interface GivenRuntime extends Runtime {
  close(): void
}

/** @param socket absolute path */
export function givenRuntime(socket: string): GivenRuntime {
  const cri = connectCri(socket)
  return {
    cri,
    // Its owner configures CNI.
    setNetwork: () => Promise.resolve(),
    importImage: async archive => {
      const argv = ['--address', socket, '--namespace', 'k8s.io', 'images', `import`, archive]
      const { stdout } = await run('ctr', argv, { timeout: 300_000, maxBuffer: 16 << 20 })
      await Promise.all(importedNames(stdout).map(name => known(cri, name)))
    },
    close: () => cri.close(),
  }
}

/** What an agent left there. */
export interface Leftovers {
  /** The node's directory: its `pods` names them. */
  readonly dir: string
  readonly cgroup: string
}

/** Ends this node's pods and nobody else's. */
export async function endGivenPods(socket: string, { dir, cgroup }: Leftovers): Promise<void> {
  const cri = connectCri(socket)
  try {
    const own = new Set(folders(join(dir, 'pods')))
    const { items } = await cri.runtime.listPodSandbox({})
    await removeSandboxes(
      cri,
      items.filter(one => own.has(one.labels[label.uid] ?? '')).map(one => one.id),
    )
  } finally {
    cri.close()
  }
  await unmountUnder(dir)
  await removeGroup(cgroup)
  await rm(join(dir, 'pods'), { recursive: true, force: true })
}

function folders(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
