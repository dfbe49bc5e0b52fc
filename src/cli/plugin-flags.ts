/** Which admission plugins are on, as the command line says it; the flags and what is wrong with them are upstream's. */
import type { ClusterConfig, ServerConfig } from '#processes/config.ts'
import { ChoiceError, chosenPlugins } from '#server/admission/plugins.ts'
import { admissionFile } from './admission-flag.ts'
import { UsageError } from './place.ts'

export interface PluginFlags {
  readonly enableAdmissionPlugins?: string
  readonly disableAdmissionPlugins?: string
  readonly admissionControlConfigFile?: string
}

const names = (text: string | undefined): readonly string[] =>
  (text ?? '').split(',').flatMap(name => (name.trim() === '' ? [] : [name.trim()]))

/** @returns undefined where no flag is given @throws UsageError */
export function pluginsOf(flags: PluginFlags): ClusterConfig['plugins'] {
  const { enableAdmissionPlugins, disableAdmissionPlugins } = flags
  if (enableAdmissionPlugins === undefined && disableAdmissionPlugins === undefined) return undefined
  const choice = { enable: names(enableAdmissionPlugins), disable: names(disableAdmissionPlugins) }
  try {
    chosenPlugins(choice)
  } catch (error) {
    throw error instanceof ChoiceError ? new UsageError(error.message) : error
  }
  return choice
}

/** @returns the same configuration with other admission plugins, where some are named @throws UsageError */
export function withPlugins<C extends ServerConfig>(config: C, flags: PluginFlags): C {
  const plugins = pluginsOf(flags)
  return plugins === undefined ? config : { ...config, plugins }
}

/** @returns the same configuration with another file for admission plugins, where one is given; '' takes it away. @throws UsageError */
export function withAdmissionFile(
  config: ClusterConfig,
  { admissionControlConfigFile: file }: PluginFlags,
): ClusterConfig {
  if (file === undefined) return config
  const { admissionFile: _, ...others } = config
  return file === '' ? others : { ...others, admissionFile: admissionFile(file) }
}
