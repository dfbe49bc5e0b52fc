/**
 * Looks after what a running store is sealed with: a key file or a configuration that changed is taken up, what a rotation
 * asks for is sealed anew a little at a time, and a key that nothing uses any more is dropped. A rotation that is cut short
 * goes on at the next start: what is done is seen from the values themselves.
 */
import { statSync } from 'node:fs'
import { type Clock, timestamp } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { StoreEncryption, Survey, Unseal } from '#server/store/changing.ts'
import type { Store } from '#server/store/contract.ts'
import { Keyring, masterTitle } from '#server/store/encryption.ts'
import { loadKeys, replaceKeys } from '#server/store/keyfile.ts'
import type { TallyMemory } from '#server/store/tally.ts'
import type { VaultSettings } from '#server/store/vault.ts'
import type { Layout } from '../layout.ts'
import { dropRequest, readRequest, writeStatus, type EncryptionStatus } from './files.ts'
import { EncryptionMetrics } from './metrics.ts'
import { Rules } from './rules.ts'

export interface EncryptionOptions {
  readonly layout: Layout
  readonly keyFile: string
  /** `--encryption-provider-config`. */
  readonly configFile?: string | undefined
  /** `--encryption-provider-config-automatic-reload`. */
  readonly reload?: boolean | undefined
  readonly clock: Clock
  readonly log: Log
}

/** Milliseconds. */
const lookAgain = 1000
const reloadEvery = 60_000
const healthWithin = 10_000

export class Encryption {
  readonly #options: EncryptionOptions
  readonly #metrics = new EncryptionMetrics()
  #rules: Rules | undefined
  #store: Store | undefined
  #keys: readonly Uint8Array[] = []
  #keyStamp = ''
  #nextReload = 0
  #cancel: () => void = () => undefined
  #work: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: EncryptionOptions) {
    this.#options = options
  }

  /** Reads the configuration and asks its plugins. @throws Error that says what is wrong with the file */
  async load(): Promise<VaultSettings['rules']> {
    this.#rules = await this.#read()
    if (this.#rules !== undefined) this.#metrics.using(this.#rules.hash)
    this.#nextReload = this.#options.clock.monotonic() + reloadEvery
    return this.#rules?.rules ?? []
  }

  async #read(): Promise<Rules | undefined> {
    const { configFile, clock, log } = this.#options
    if (configFile === undefined) return undefined
    const rules = new Rules(configFile, { clock, log, metrics: this.#metrics.plugins, onChange: () => this.#soon() })
    await rules.start()
    return rules
  }

  /** Where the store counts what it seals and opens. */
  get tally(): TallyMemory {
    return this.#metrics.tally
  }

  readonly unseal: Unseal = found => this.#rules?.unseal(found) ?? Promise.resolve([])

  /** Why nothing of this resource can be written now. */
  readonly refuse = (resource: string): string | undefined => this.#rules?.refusal(resource)

  /** Of `/readyz` and its like; there where plugins are in use or may come. */
  checks(): ReadonlyMap<string, boolean> {
    const plugins = this.#rules?.plugins ?? []
    if (plugins.length === 0 && this.#options.reload !== true) return new Map()
    return new Map([['kms-providers', plugins.every(plugin => plugin.wellNow())]])
  }

  metrics(): Iterable<string> {
    return this.#metrics.lines(this.#rules?.plugins ?? [])
  }

  /** From now on the store follows the files. */
  attach(store: Store): void {
    if (store.encryption === undefined) return
    this.#store = store
    this.#keys = loadKeys(this.#options.keyFile)
    this.#keyStamp = stampOf(this.#options.keyFile)
    this.#tell({ state: readRequest(this.#options.layout) === undefined ? 'idle' : 'waiting' })
    this.#next()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#work.catch(() => undefined)
    this.#rules?.close()
  }

  #next(): void {
    if (this.#stopped) return
    this.#cancel = this.#options.clock.after(lookAgain, () => {
      this.#work = this.#look()
        .catch((error: unknown) => {
          const message = error instanceof Error ? error.message : String(error)
          this.#options.log.error('what the store is sealed with could not be looked after', { error: message })
          this.#tell({ state: 'failed', error: message })
        })
        .finally(() => this.#next())
    })
  }

  /** A plugin has another seed, or may be sealed with for longer. */
  #soon(): void {
    const { encryption } = this.#store ?? {}
    const rules = this.#rules
    if (encryption === undefined || rules === undefined) return
    void encryption
      .use(this.#settings(rules))
      .catch((error: unknown) => this.#options.log.error('a new seed could not be taken up', { error: String(error) }))
  }

  async #look(): Promise<void> {
    const { encryption } = this.#store ?? {}
    if (encryption === undefined) return
    // Whoever asks for it put the new key into the file before.
    const request = readRequest(this.#options.layout)
    await this.#takeKeys(encryption)
    await this.#takeRules(encryption)
    if (request !== undefined) await this.#rotate(encryption, request.perSecond)
  }

  async #takeKeys(encryption: StoreEncryption): Promise<void> {
    const { keyFile, log } = this.#options
    const stamp = stampOf(keyFile)
    if (stamp === this.#keyStamp) return
    const keys = stamp === absent ? [] : loadKeys(keyFile)
    const lost = this.#keys.filter(key => !isAmong(keys, key))
    if (lost.length > 0) {
      const { masters } = await encryption.survey()
      if (keys.length === 0 || lost.some(key => masters.has(titleOf(key)))) this.#putBack(keys)
    }
    this.#keys = keys
    await encryption.use({ ...this.#settings(this.#rules), keys })
    this.#keyStamp = stamp
    log.info('the key file was taken up', { keys: keys.length })
  }

  /** Whoever took a key away that is needed, or put an older file there, would find nothing that opens at the next start. @throws Error */
  #putBack(found: readonly Uint8Array[]): never {
    const { keyFile } = this.#options
    replaceKeys(keyFile, [...this.#keys, ...found.filter(key => !isAmong(this.#keys, key))])
    throw new Error(`${keyFile} lacked a key that values are still sealed with: it was put back`)
  }

  /** As upstream: each minute, and only when the new one is well. */
  async #takeRules(encryption: StoreEncryption): Promise<void> {
    const { clock, configFile, reload = false } = this.#options
    if (!reload || configFile === undefined || clock.monotonic() < this.#nextReload) return
    this.#nextReload = clock.monotonic() + reloadEvery
    try {
      await this.#reload(encryption, configFile)
    } catch (error) {
      this.#metrics.reloaded('failure', clock.now())
      throw error
    }
  }

  async #reload(encryption: StoreEncryption, configFile: string): Promise<void> {
    const { clock, log } = this.#options
    const fresh = await this.#read()
    if (fresh === undefined || fresh.hash === this.#rules?.hash) return fresh?.close()
    try {
      const { counts, seeds } = await encryption.survey()
      const lost = [...counts.keys()].find(name => name.startsWith('k8s:enc:') && !fresh.opens(name))
      if (lost !== undefined)
        throw new Error(`values are still sealed as ${lost}, which the new configuration does not have: rotate first`)
      await within(healthWithin, fresh)
      await fresh.unseal(seeds)
      await encryption.use(this.#settings(fresh))
    } catch (error) {
      fresh.close()
      throw new Error(`error processing encryption config file ${configFile}: ${String(error)}`)
    }
    this.#rules?.close()
    this.#rules = fresh
    this.#metrics.reloaded('success', clock.now())
    this.#metrics.using(fresh.hash)
    log.info('loaded new encryption config content', { file: configFile })
  }

  /** The key that seals goes on sealing, also where another server of the store made it the first. */
  #settings(rules: Rules | undefined): VaultSettings {
    const sealing = this.#store?.encryption?.sealing()
    const first = this.#keys.filter(key => titleOf(key) === sealing)
    const keys = [...first, ...this.#keys.filter(key => !first.includes(key))]
    return { keys, sealed: 'all', rules: rules?.rules ?? [] }
  }

  async #rotate(encryption: StoreEncryption, perSecond: number): Promise<void> {
    const { layout, clock, log } = this.#options
    // The first of the file, which whoever asked put there: a server that was started since need not seal with it.
    await encryption.use({ ...this.#settings(this.#rules), keys: this.#keys })
    const before = await encryption.survey()
    const total = before.stale
    this.#tell({ state: 'rotating', total, survey: before })
    let done = 0
    for (let from: string | undefined = ''; from !== undefined && !this.#stopped;) {
      const most = Math.max(1, Math.ceil(perSecond / 10))
      const { next, rewritten } = await encryption.rewrite(from, most)
      from = next
      done += rewritten
      if (rewritten > 0) this.#tell({ state: 'rotating', total, done, survey: before })
      await new Promise<void>(resolve => void clock.after(rewritten > 0 ? 100 : 1, resolve))
    }
    if (this.#stopped) return
    const after = await encryption.survey()
    if (after.stale > 0) return this.#tell({ state: 'rotating', total, done, survey: after })
    // Otherwise it goes on with what is in the file now.
    if (!(await this.#dropKeys(encryption, after))) return
    dropRequest(layout)
    this.#tell({ state: 'idle', total, done, survey: after })
    log.info('everything is sealed as it is to be', { values: done })
  }

  /** What was sealed with a key that goes may still lie in history: it goes first. */
  async #dropKeys(encryption: StoreEncryption, { masters }: Survey): Promise<boolean> {
    const [first] = this.#keys
    if (first === undefined || this.#keys.length < 2 || this.#store === undefined) return true
    const kept = this.#keys.filter(key => key === first || masters.has(titleOf(key)))
    await this.#store.compact(this.#store.revision())
    // Somebody has put something else there: that may be a key that is used nowhere yet.
    if (stampOf(this.#options.keyFile) !== this.#keyStamp) return false
    replaceKeys(this.#options.keyFile, kept)
    this.#keys = kept
    this.#keyStamp = stampOf(this.#options.keyFile)
    await encryption.use({ ...this.#settings(this.#rules), keys: kept })
    return true
  }

  #tell(more: Pick<EncryptionStatus, 'state'> & Partial<EncryptionStatus> & { readonly survey?: Survey }): void {
    const { survey, ...rest } = more
    try {
      writeStatus(this.#options.layout, {
        sealed: Object.fromEntries(survey?.counts ?? []),
        key: this.#store?.encryption?.sealing() ?? '',
        stale: survey?.stale ?? 0,
        done: 0,
        total: 0,
        updated: timestamp(this.#options.clock.now()),
        ...rest,
      })
    } catch (error) {
      this.#options.log.warn('the state of encryption could not be written down', { error: String(error) })
    }
  }
}

const titleOf = (key: Uint8Array): string => masterTitle(new Keyring([key]).name)

const isAmong = (keys: readonly Uint8Array[], key: Uint8Array): boolean =>
  keys.some(one => Buffer.from(one).equals(key))

const absent = ''

function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined ? absent : `${found.mtimeMs} ${found.size} ${found.ino}`
}

/** Resolves when all plugins are well; rejects with what is wrong when that takes too long. */
async function within(milliseconds: number, rules: Rules): Promise<void> {
  const end = performance.now() + milliseconds
  for (const plugin of rules.plugins)
    for (;;) {
      const error = await plugin.health()
      if (error === undefined) break
      if (performance.now() > end) throw new Error(`health check for new transformers failed: ${error}`)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
}
