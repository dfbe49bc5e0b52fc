/**
 * A key management plugin (KMS v2) over its unix socket: asked how it is, and for a new seed when its key is another one. As
 * upstream: every minute, every ten seconds while it is not well; a seed seals for three minutes past the last good answer.
 */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { GrpcSessions } from '../grpc-sessions.ts'
import type { KmsConfiguration } from '../providers/configuration.ts'
import { keyIdProblem, seedBytes, seedProblem, type KmsState, type SealedSeed, type Seed } from '../providers/seeds.ts'
import type { Called, KmsMetrics } from './metrics.ts'
import { KeyManagementService } from './rpc.gen.ts'

export interface PluginOptions {
  readonly clock: Clock
  readonly log?: Log
  readonly metrics?: KmsMetrics
  /** Unique for each request: the plugin writes it into its log. */
  readonly uid: () => string
  /** What is sealed with, or until when, is another. */
  readonly onChange: () => void
}

const minute = 60_000
const whileIll = 10_000
const lifetime = 3 * minute
/** How long an answer about health holds. */
const holds = { well: 20_000, ill: 3000 } as const
const readMaxBytes = 1 << 20

/** The plugin's words, cut: they end up in answers to probes. */
const wordsOf = (error: unknown): string =>
  (error instanceof ConnectError ? error.message : error instanceof Error ? error.message : String(error)).slice(0, 300)

const codeOf = (error: unknown): string => (error instanceof ConnectError ? Code[error.code] : 'unknown-non-grpc')

export class KmsPlugin {
  readonly name: string
  readonly #timeout: number
  readonly #options: PluginOptions
  readonly #session: GrpcSessions
  readonly #client: Client<typeof KeyManagementService>
  #write: Seed | undefined
  #until = 0
  #read: readonly Seed[] = []
  #version = ''
  #told: { readonly error: string | undefined; readonly until: number } | undefined
  #asking: Promise<string | undefined> | undefined
  #cancel: () => void = () => undefined
  #closed = false

  constructor({ name, socket, timeout }: KmsConfiguration, options: PluginOptions) {
    this.name = name
    this.#timeout = timeout
    this.#options = options
    const baseUrl = 'http://localhost'
    const path = socket.startsWith('@') ? `\0${socket.slice(1)}` : socket
    this.#session = new GrpcSessions(baseUrl, {}, { createConnection: () => connect(path) })
    const transport = createGrpcTransport({ baseUrl, sessionManager: this.#session, readMaxBytes })
    this.#client = createClient(KeyManagementService, transport)
  }

  get state(): KmsState {
    const write = this.#write === undefined ? {} : { write: this.#write }
    return { name: this.name, until: this.#until, read: this.#read, ...write }
  }

  /** Seeds that it was asked to open or to seal. */
  get seeds(): number {
    return this.#read.length + (this.#write === undefined ? 0 : 1)
  }

  async #timed<A>(method: Called['method'], call: Promise<A>): Promise<A> {
    const { clock, metrics } = this.#options
    const since = clock.monotonic()
    const done = (code: string): void =>
      metrics?.called(this.name, { method, code, seconds: (clock.monotonic() - since) / 1000 })
    try {
      const answer = await call
      done('OK')
      return answer
    } catch (error) {
      done(codeOf(error))
      throw error
    }
  }

  /** Asks once, and from now on by itself. Resolves however that went. */
  async start(): Promise<void> {
    const error = await this.health()
    if (error !== undefined) this.#options.log?.error('a KMS plugin is not well', { name: this.name, error })
    if (!this.#closed)
      this.#cancel = this.#options.clock.after(error === undefined ? minute : whileIll, () => {
        this.#told = undefined
        void this.start()
      })
  }

  /** What is wrong with it; undefined where it is well. Asked anew only every so often. */
  health(): Promise<string | undefined> {
    const { clock } = this.#options
    if (this.#told !== undefined && clock.monotonic() < this.#told.until) return Promise.resolve(this.#told.error)
    return (this.#asking ??= this.#check().finally(() => (this.#asking = undefined)))
  }

  /** As it was last, while it is asked anew where that is long ago. */
  wellNow(): boolean {
    void this.health()
    return this.#told !== undefined && this.#told.error === undefined
  }

  /** Has it open a seed. Rejects where it does not, with words that name no secret. */
  async open(sealed: SealedSeed): Promise<Seed> {
    this.#options.metrics?.missed()
    const { keyId, source, annotations } = sealed
    const request = {
      uid: this.#options.uid(),
      keyId,
      ciphertext: Uint8Array.from(source),
      annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, Uint8Array.from(value)])),
    }
    const opening = this.#timed('Decrypt', this.#client.decrypt(request, { timeoutMs: this.#timeout }))
    const { plaintext } = await opening.catch((error: unknown) => {
      throw new Error(`failed to decrypt DEK, error: ${wordsOf(error)}`)
    })
    // A seed may be longer than ours, a key has one of AES's lengths.
    const right = sealed.type === 1 ? plaintext.length >= seedBytes : [16, 24, 32].includes(plaintext.length)
    if (!right) throw new Error(`invalid seed length ${plaintext.length} used for key generation`)
    const seed = { ...sealed, secret: plaintext }
    this.#read = [...this.#read, seed]
    return seed
  }

  close(): void {
    this.#closed = true
    this.#cancel()
    this.#session.abort()
  }

  async #check(): Promise<string | undefined> {
    const { clock } = this.#options
    const error = await this.#ask()
    this.#told = { error, until: clock.monotonic() + (error === undefined ? holds.well : holds.ill) }
    return error
  }

  async #ask(): Promise<string | undefined> {
    // Before it is asked: three minutes are the most.
    const until = this.#options.clock.now() + lifetime
    const asking = this.#timed('Status', this.#client.status({}, { timeoutMs: this.#timeout }))
    const told = await asking.catch((error: unknown) => wordsOf(error))
    if (typeof told === 'string')
      return `failed to perform status section of the healthz check for KMS Provider ${this.name}, error: ${told}`
    const { healthz, version, keyId } = told
    const wrong: string[] = []
    if (healthz !== 'ok') wrong.push(`got unexpected healthz status: ${healthz.slice(0, 300)}`)
    if (version !== 'v2' && version !== 'v2beta1')
      wrong.push(`expected KMSv2 API version v2, got ${version.slice(0, 30)}`)
    else if (this.#version !== '' && this.#version !== version)
      wrong.push(
        `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`,
      )
    else this.#version = version
    const bad = keyIdProblem(keyId)
    if (bad !== undefined) this.#options.metrics?.invalid(this.name, keyId)
    else this.#options.metrics?.told(this.name, keyId, this.#options.clock.now())
    const problem = bad === undefined ? await this.#keepUp(keyId, until) : `got invalid KMSv2 KeyID: ${bad}`
    if (problem !== undefined) wrong.push(problem)
    return wrong.length === 0
      ? undefined
      : `kmsv2 Provider ${this.name} is not healthy, error: ${wrong.length === 1 ? wrong[0] : `[${wrong.join(', ')}]`}`
  }

  /** The seed that seals is of the key that the plugin says it has. @returns what is wrong */
  async #keepUp(keyId: string, until: number): Promise<string | undefined> {
    if (this.#write?.keyId !== keyId) {
      const made = await this.#make()
      if (typeof made === 'string') return `failed to rotate DEK: ${made}`
      if (made.keyId !== keyId)
        return 'failed to rotate DEK: the plugin seals with another key than the one that its status tells'
      // What the former one sealed is still to be read.
      if (this.#write !== undefined) this.#read = [...this.#read, this.#write]
      this.#write = made
    }
    this.#until = until
    this.#options.onChange()
    return undefined
  }

  #secret(): Uint8Array<ArrayBuffer> {
    const { clock, metrics } = this.#options
    const since = clock.monotonic()
    try {
      const secret = Uint8Array.from(randomBytes(seedBytes))
      metrics?.made((clock.monotonic() - since) / 1000)
      return secret
    } catch (error) {
      metrics?.made(undefined)
      throw error
    }
  }

  async #make(): Promise<Seed | string> {
    const secret = this.#secret()
    const request = { plaintext: secret, uid: this.#options.uid() }
    const sealing = this.#timed('Encrypt', this.#client.encrypt(request, { timeoutMs: this.#timeout }))
    const answer = await sealing.catch((error: unknown) => wordsOf(error))
    if (typeof answer === 'string') return `failed to encrypt DEK, error: ${answer}`
    const { ciphertext: source, keyId, annotations } = answer
    if (Buffer.from(source).includes(Buffer.from(secret))) return 'the plugin gave the seed back as it was'
    return seedProblem({ keyId, source, annotations }) ?? { keyId, source, annotations, type: 1, secret }
  }
}
