/** `bulwark config --as-flags`: how a cluster is set, in the flags of upstream's programs. */
import { existsSync } from 'node:fs'
import { type ClusterConfig, readConfig } from '#processes/config.ts'
import type { Layout } from '#processes/layout.ts'
import { effectiveFlags } from '#processes/settings/effective.ts'
import { type Flag, type Flags, components } from '#processes/settings/flag.ts'
import { CommandError, type PlaceOptions, placeOf } from './place.ts'

/** @throws CommandError where there is none */
export function clusterOf(options: PlaceOptions): { readonly at: Layout; readonly config: ClusterConfig } {
  const at = placeOf(options)
  if (!existsSync(at.config)) throw new CommandError(`there is no cluster ${options.name} in ${at.dir}`, 3)
  return { at, config: readConfig(at.config) }
}

/** @throws CommandError */
export function flagsOf(options: PlaceOptions): Flags {
  const { at, config } = clusterOf(options)
  return effectiveFlags(config, at)
}

const line = ({ name, value, note }: Flag): string =>
  value === undefined ? `# --${name}: ${note ?? ''}` : `--${name}=${value}${note === undefined ? '' : ` # ${note}`}`

/** What a program is told, one flag a line; what no flag could say as a comment. */
export const flagsText = (flags: Flags): string =>
  components.map(name => [`# ${name}`, ...flags[name].map(line)].join('\n')).join('\n\n')
