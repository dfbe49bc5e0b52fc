/** What tests with real containers share: why they cannot run here, the engines, a directory and a name of their own. */
import { mkdtempSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { cannotRunPods, type NodeTools, setupNode } from '#setup/node.ts'
import type { ContainerdOptions } from '#node/containerd/instance.ts'

/** Kept between runs: engines and built images. */
export const cache = process.env['BULWARK_TEST_CACHE'] ?? join(homedir(), '.cache/bulwark')

/** Given to node:test as `skip`. */
export const skip = cannotRunPods({ platform: process.platform, uid: process.getuid?.() }) ?? false

export const tools = (): Promise<NodeTools> => setupNode({ engines: join(cache, 'engines'), say: console.error })

export async function privateNode(): Promise<ContainerdOptions> {
  const { containerd, runc, cni } = await tools()
  const dir = mkdtempSync(join(tmpdir(), 'bw-'))
  return { dir, binaries: containerd, runc, cniPlugins: cni, name: dir.slice(-9) }
}
