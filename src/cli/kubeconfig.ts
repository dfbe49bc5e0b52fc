/** `bulwark kubeconfig`: the administrator's, as `up` made it. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { CommandError, type PlaceOptions, placeOf } from './place.ts'

/** @throws CommandError when there is no such cluster. */
export async function printKubeconfig(options: PlaceOptions): Promise<string> {
  const at = placeOf(options)
  if (!existsSync(at.kubeconfig))
    throw new CommandError(
      `there is no cluster ${options.name} in ${at.dir}; start it with: bulwark up --name ${options.name}`,
    )
  return readFile(at.kubeconfig, 'utf8')
}
