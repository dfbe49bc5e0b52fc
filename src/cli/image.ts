/** `bulwark image import`: images of an archive become images of the node. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { startContainerd } from '#node/containerd/instance.ts'
import { readConfig } from '#processes/config.ts'
import { containerdOptions, enginesDirectory } from '#processes/engines.ts'
import { setupNode } from '#setup/node.ts'
import { CommandError, placeOf } from './place.ts'

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
  const tools = await setupNode({ engines: enginesDirectory(), say: () => undefined })
  const containerd = await startContainerd(containerdOptions(config, at, tools))
  try {
    for (const file of files) await containerd.importImage(resolve(file))
  } finally {
    containerd.cri.close()
  }
}
