/** `--encryption-provider-config`: the file, the plugins that it names, and what both come to. */
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { parseYaml } from '#codec/yaml.ts'
import type { FoundSeed } from '#server/store/changing.ts'
import { StoreRefused } from '#server/store/contract.ts'
import type { KmsMetrics } from '#server/store/kms/metrics.ts'
import { KmsPlugin } from '#server/store/kms/plugin.ts'
import {
  readConfiguration,
  type ProviderConfiguration,
  type ResourceConfiguration,
} from '#server/store/providers/configuration.ts'
import { Providers, type ProviderSettings, type Rule } from '#server/store/providers/providers.ts'

/** Bytes. */
const longest = 4 * 1024 * 1024

export interface RulesOptions {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: KmsMetrics
  /** A plugin's seed is another, or good for longer. */
  readonly onChange: () => void
}

/** @throws Error that says what is wrong with the file, without anything secret */
export function readRulesFile(file: string): {
  readonly entries: readonly ResourceConfiguration[]
  readonly hash: string
} {
  try {
    if (statSync(file).size > longest) throw new Error(`it is longer than ${longest} bytes`)
    const text = readFileSync(file, 'utf8')
    if (text === '') throw new Error(`encryption provider configuration file ${JSON.stringify(file)} is empty`)
    const hash = createHash('sha256').update(text).digest('hex')
    return { entries: readConfiguration(parsed(text)), hash }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`error while parsing file ${JSON.stringify(file)}: ${why}`)
  }
}

/** What a parser says of a line may show it. */
function parsed(text: string): unknown {
  try {
    return parseYaml(text)
  } catch {
    throw new Error('it is neither YAML nor JSON')
  }
}

/** One configuration in use. */
export class Rules {
  readonly hash: string
  readonly #entries: readonly ResourceConfiguration[]
  readonly #plugins: ReadonlyMap<string, KmsPlugin>
  #writers: Providers

  constructor(file: string, { clock, log, metrics, onChange }: RulesOptions) {
    const { entries, hash } = readRulesFile(file)
    this.hash = hash
    this.#entries = entries
    const configurations = entries.flatMap(({ providers }) => providers).filter(one => one.type === 'kms')
    const now = (): number => clock.now()
    const changed = (): void => {
      this.#writers = new Providers(this.rules, now)
      onChange()
    }
    const options = { clock, log, metrics, uid: randomUUID, onChange: changed }
    this.#plugins = new Map(configurations.map(one => [one.name, new KmsPlugin(one, options)]))
    this.#writers = new Providers(this.rules, now)
  }

  /** Asks all plugins once. Resolves whether they are well or not. */
  async start(): Promise<void> {
    await Promise.all([...this.#plugins.values()].map(plugin => plugin.start()))
  }

  get plugins(): readonly KmsPlugin[] {
    return [...this.#plugins.values()]
  }

  get rules(): readonly Rule[] {
    return this.#entries.map(({ resources, providers }) => ({
      resources,
      providers: providers.map(one => this.#settings(one)),
    }))
  }

  #settings(one: ProviderConfiguration): ProviderSettings {
    if (one.type !== 'kms') return one
    return { type: 'kms', state: this.#plugins.get(one.name)?.state ?? { name: one.name, until: 0, read: [] } }
  }

  /** Has plugins open what is not known yet. @throws StoreRefused where one does not */
  async unseal(found: readonly FoundSeed[]): Promise<readonly Rule[]> {
    for (const { provider, seed } of found) {
      const plugin = this.#plugins.get(provider)
      // A provider that is not named: what it sealed does not open, and says so.
      if (plugin === undefined) continue
      try {
        await plugin.open(seed)
      } catch (error) {
        throw new StoreRefused(
          'unreachable',
          `values are sealed with the KMS plugin ${provider}, which does not open them now (${String(error)}): see that it runs and has its key; the server tries again`,
        )
      }
    }
    return this.rules
  }

  /** Why nothing of this resource can be sealed now. */
  refusal(resource: string): string | undefined {
    if (this.#plugins.size === 0) return undefined
    return this.#writers.writer(resource)?.unavailable?.()
  }

  /** What values may begin with that open under it. */
  opens(prefix: string): boolean {
    return this.#entries.some(({ providers }) =>
      providers.some(one =>
        one.type === 'kms'
          ? prefix === `k8s:enc:kms:v2:${one.name}:`
          : one.type !== 'identity' && one.keys.some(({ name }) => prefix === `k8s:enc:${one.type}:v1:${name}:`),
      ),
    )
  }

  close(): void {
    for (const plugin of this.plugins) plugin.close()
  }
}
