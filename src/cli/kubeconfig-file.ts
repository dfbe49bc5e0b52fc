/** The user's own kubeconfig: our entry goes in and out, everything else stays as it is. */
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { dumpYaml, parseYaml } from '#codec/yaml.ts'

interface Entry {
  readonly name: string
}
interface Config {
  readonly clusters?: readonly Entry[]
  readonly users?: readonly Entry[]
  readonly contexts?: readonly Entry[]
  readonly 'current-context'?: string
}

/** The first file of $KUBECONFIG, or ~/.kube/config. */
export const userKubeconfig = (env: NodeJS.ProcessEnv): string =>
  env['KUBECONFIG']?.split(delimiter).find(path => path !== '') ?? join(homedir(), '.kube', 'config')

async function read(file: string): Promise<Config> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
  const value = text.trim() === '' ? {} : parseYaml(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${file} is no kubeconfig; it was left alone`)
  return value as Config
}

async function write(file: string, config: Config): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.bulwark-new`, dumpYaml(config), { mode: 0o600 })
  await chmod(`${file}.bulwark-new`, 0o600)
  await rename(`${file}.bulwark-new`, file)
}

const without = (entries: readonly Entry[] | undefined, name: string): readonly Entry[] =>
  (entries ?? []).filter(one => one.name !== name)

const fresh = { apiVersion: 'v1', kind: 'Config' }

/** Puts the context in, replacing an older one of its name, and makes it the current one. @param text our own kubeconfig */
export async function mergeKubeconfig(file: string, text: string): Promise<void> {
  const ours = parseYaml(text) as Config
  const name = ours['current-context'] ?? ''
  const theirs = await read(file)
  await write(file, {
    ...fresh,
    ...theirs,
    clusters: [...without(theirs.clusters, name), ...(ours.clusters ?? [])],
    users: [...without(theirs.users, name), ...(ours.users ?? [])],
    contexts: [...without(theirs.contexts, name), ...(ours.contexts ?? [])],
    'current-context': name,
  })
}

/** Takes the context out. A file that has none of it is not touched. */
export async function dropKubeconfig(file: string, name: string): Promise<void> {
  const theirs = await read(file)
  if (theirs.contexts?.some(one => one.name === name) !== true) return
  const rest: Record<string, unknown> = {
    ...theirs,
    clusters: without(theirs.clusters, name),
    users: without(theirs.users, name),
    contexts: without(theirs.contexts, name),
  }
  if (theirs['current-context'] === name) delete rest['current-context']
  await write(file, rest as Config)
}
