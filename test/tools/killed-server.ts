/** A server as `up` starts it, in a process that can be killed at any moment, and the command that rotates its keys. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, makeClient } from '#client/client.ts'
import { httpsTransport } from '#client/https.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { namespaces } from '#kinds/facts/generated/refs.ts'
import { type ClusterConfig, writeConfig } from '#processes/config.ts'
import { readRequest } from '#processes/encryption/files.ts'
import { type Layout, layout } from '#processes/layout.ts'
import { isRunning, launch, programs } from '#processes/supervise.ts'
import { freePorts } from '../store/etcd.ts'

const program = join(import.meta.dirname, '../../src/main.ts')
const name = 'rotated'

export interface Told {
  readonly code: number | null
  readonly text: string
}

export class KilledServer {
  readonly at: Layout
  readonly #dir: string
  #config: ClusterConfig
  #pid = 0
  #transport: { close(): void } | undefined
  #commands: ChildProcess[] = []

  private constructor(dir: string, config: ClusterConfig) {
    this.#dir = dir
    this.#config = config
    this.at = layout(join(dir, name))
  }

  static async make(more: Partial<ClusterConfig> = {}): Promise<KilledServer> {
    const dir = mkdtempSync(join(tmpdir(), 'bw-rotation-'))
    const [port = 0] = await freePorts(1)
    const made = new KilledServer(dir, {
      name,
      port,
      nodes: { simulated: 0 },
      address: '127.0.0.1',
      serverAddress: '127.0.0.1',
      nodeName: 'here',
      serviceCIDR: '10.96.0.0/16',
      podCIDR: '10.244.0.0/16',
      dns: '10.96.0.10',
      kubeletPort: 10_250,
      ...more,
    })
    mkdirSync(made.at.dir, { recursive: true, mode: 0o700 })
    return made
  }

  /** Starts it, or starts it again. Resolves when it answers. @throws Error with the end of its log where it does not */
  async start(more: Partial<ClusterConfig> = {}): Promise<Client> {
    this.#config = { ...this.#config, ...more }
    await writeConfig(this.at.config, this.#config)
    const [server] = programs([process.execPath, program], this.#config, this.at)
    if (server === undefined) throw new TypeError('there is no server to start')
    this.#pid = launch(this.at, server)
    const end = performance.now() + 20_000
    for (;;) {
      const client = await this.#connect().catch(() => undefined)
      if (client !== undefined) return client
      if (performance.now() > end || !isRunning(this.at, 'server'))
        throw new Error(`the server does not answer: ${readFileSync(this.at.log('server'), 'utf8').slice(-2000)}`)
      await sleep(20)
    }
  }

  async #connect(): Promise<Client> {
    this.#transport?.close()
    const { server, authority, identity } = await loadKubeconfig(this.at.kubeconfig)
    const transport = httpsTransport({ server, authority, identity: () => identity, userAgent: 'test', timeout: 5000 })
    this.#transport = transport
    const client = makeClient(transport.send)
    await client.get(namespaces, 'default')
    return client
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended()
  }

  get pid(): number {
    return this.#pid
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.#pid, signal)
  }

  async ended(): Promise<void> {
    while (isRunning(this.at, 'server')) await sleep(2)
    this.#transport?.close()
  }

  /** `bulwark encryption rotate`; it may outlive the server. */
  async rotate(...more: readonly string[]): Promise<Told> {
    const where = ['--name', name, '--data-dir', this.#dir]
    const child = spawn(process.execPath, [program, 'encryption', 'rotate', ...where, ...more], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#commands.push(child)
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part))
    await once(child, 'close')
    return { code: child.exitCode, text }
  }

  /** Whether a rotation was asked for and has not ended. */
  get rotating(): boolean {
    return readRequest(this.at) !== undefined
  }

  /** How many keys the key file holds; 0 where there is none yet. */
  get keys(): number {
    return (statSync(this.keyFile, { throwIfNoEntry: false })?.size ?? 0) / 32
  }

  get keyFile(): string {
    return this.#config.etcd?.masterKey ?? this.at.key
  }

  async remove(): Promise<void> {
    for (const child of this.#commands) child.kill('SIGKILL')
    if (isRunning(this.at, 'server')) await this.kill()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
