/** `--admission-control-config-file`: an AdmissionConfiguration, with what each plugin is to know inside it or in a file beside it. */
import { parseYaml } from '#codec/yaml.ts'
import { type PodSecuritySettings, readSettings, upstreamSettings } from '#server/admission/pod-security/settings.ts'
import { type SecretScanSettings, readScanSettings } from '#server/admission/secret-scan/settings.ts'
import { type SecretVersionSettings, readVersionSettings } from '#server/admission/secret-versions/settings.ts'
import type { Plugin } from '#server/admission/plugins.ts'

export interface AdmissionSettings {
  readonly podSecurity?: PodSecuritySettings
  readonly secretScan?: SecretScanSettings
  readonly secretVersions?: SecretVersionSettings
}

/** What upstream's server does when it is told nothing. */
export const upstreamAdmission: AdmissionSettings = { podSecurity: upstreamSettings }

const versions: ReadonlySet<unknown> = new Set(['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'])

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const readers: ReadonlyMap<unknown, (value: unknown) => AdmissionSettings> = new Map<
  Plugin,
  (value: unknown) => AdmissionSettings
>([
  ['PodSecurity', value => ({ podSecurity: readSettings(value) })],
  ['SecretVersions', value => ({ secretVersions: readVersionSettings(value) })],
  ['SecretScan', value => ({ secretScan: readScanSettings(value) })],
])

function pluginsIn(value: unknown): readonly unknown[] {
  if (!isFields(value) || value.kind !== 'AdmissionConfiguration' || !versions.has(value.apiVersion))
    throw new Error('expected AdmissionConfiguration of apiserver.config.k8s.io/v1')
  const unknown = Object.keys(value).find(name => !['apiVersion', 'kind', 'plugins'].includes(name))
  if (unknown !== undefined) throw new Error(`unknown field "${unknown}"`)
  const { plugins = [] } = value
  if (!Array.isArray(plugins)) throw new Error('plugins must be a list')
  return plugins
}

/**
 * @param value an AdmissionConfiguration, as JSON or YAML have it
 * @param read gives the text of the file that a plugin names
 * @throws Error that says what is wrong, also for plugins that take no configuration
 */
export function admissionSettings(value: unknown, read: (path: string) => string): AdmissionSettings {
  const known = new Map<unknown, AdmissionSettings>()
  for (const [at, plugin] of pluginsIn(value).entries()) {
    if (!isFields(plugin)) throw new Error(`plugins[${at}] must be an object`)
    const unknown = Object.keys(plugin).find(field => !['name', 'path', 'configuration'].includes(field))
    if (unknown !== undefined) throw new Error(`unknown field "plugins[${at}].${unknown}"`)
    const { name, path, configuration } = plugin
    const reader = readers.get(name)
    if (reader === undefined)
      throw new Error(`plugins[${at}]: admission plugin ${JSON.stringify(name ?? '')} takes no configuration`)
    if (known.has(name)) throw new Error(`plugins[${at}]: ${String(name)} is configured twice`)
    try {
      known.set(name, settingsOf(reader, { path, configuration }, read))
    } catch (error) {
      throw new Error(`${String(name)}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return Object.assign({}, ...known.values()) as AdmissionSettings
}

function settingsOf(
  reader: (value: unknown) => AdmissionSettings,
  { path, configuration }: Fields,
  read: (path: string) => string,
): AdmissionSettings {
  if (configuration !== undefined && configuration !== null) return reader(configuration)
  if (path === undefined || path === '') return {}
  if (typeof path !== 'string') throw new Error('path must be a string')
  return reader(parseYaml(read(path)))
}
