/** `bulwark image import`: images of an archive become images of the node. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { givenRuntime } from '#node/containerd/given.ts'
import { type Runtime, startContainerd } from '#node/containerd/instance.ts'
import { type ClusterConfig, readConfig } from '#processes/config.ts'
import { containerdOptions, enginesDirectory } from '#processes/engines.ts'
import type { Layout } from '#processes/layout.ts'
import { setupNode } from '#setup/node.ts'
import { CommandError, placeOf } from './place.ts'

const isMissingProgram = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

async function runtimeOf(config: ClusterConfig, at: Layout): Promise<Runtime> {
  if (config.runtimeSocket !== undefined) return givenRuntime(config.runtimeSocket)
  const tools = await setupNode({ engines: enginesDirectory(), say: () => undefined })
  return startContainerd(containerdOptions(config, at, tools))
}

/** @throws CommandError */
export async function importImages(
  files: readonly string[],
  options: { readonly name: string; readonly dataDir?: string },
): Promise<void> {
  const at = placeOf(options)
  if (!existsSync(at.config)) throw new CommandError(`there is no cluster ${options.name} in ${at.dir}`)
  const config = readConfig(at.config)
  if (config.nodes !== 'real')
    throw new CommandError(`cluster ${config.name} has simulated nodes, which need no images`)
  const missing = files.find(file => !existsSync(file))
  if (missing !== undefined) throw new CommandError(`there is no file ${missing}`)
  const runtime = await runtimeOf(config, at)
  try {
    for (const file of files) await runtime.importImage(resolve(file))
  } catch (error) {
    if (config.runtimeSocket !== undefined && isMissingProgram(error))
      throw new CommandError("ctr is missing: import the archive with the runtime's own tools")
    throw error
  } finally {
    runtime.cri.close()
  }
}
