/** Cluster DNS of one node, as it runs in a process of its own: reads the snapshot whenever it changes. */
import { type FSWatcher, mkdirSync, readFileSync, statSync, watch } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { basename, dirname } from 'node:path'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { parseResolver } from '#node/pod/names.ts'
import { within } from '../ip.ts'
import { answer } from './answer.ts'
import { type DnsServer, listenDns } from './server.ts'
import { parseSnapshot } from './snapshot.ts'
import { makeUpstream } from './upstream.ts'
import { type Zone, makeZone } from './zone.ts'

export interface DnsConfig {
  /** Listens here once the machine has this address. */
  readonly address: string
  readonly port: number
  /** Path of the snapshot; see keep.ts. */
  readonly snapshot: string
  /** Names the resolvers for all other names, for example /etc/resolv.conf. */
  readonly resolvConf: string
}

export interface Dns {
  /** Resolves with the port once questions are answered. */
  readonly listening: Promise<number>
  stop(): Promise<void>
}

const rereadMs = 1_000
const retryMs = 100

/** Calls back when the file is another one than before; it may come later. */
function follow(path: string, clock: Clock, changed: () => void): () => void {
  let watcher: FSWatcher | undefined
  let cancel: () => void = () => undefined
  let last = ''
  const look = (): void => {
    const now = stampOf(path)
    if (now === last) return
    last = now
    changed()
  }
  // Events may be lost, and there are file systems that have none.
  const again = (): void => {
    look()
    cancel = clock.after(rereadMs, again)
  }
  try {
    mkdirSync(dirname(path), { recursive: true })
    watcher = watch(dirname(path), (_, name) => {
      if (name === null || name === basename(path)) look()
    })
    watcher.on('error', () => undefined)
  } catch {
    // Looking every second is all there is.
  }
  again()
  return () => {
    watcher?.close()
    cancel()
  }
}

function stampOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path)
    return `${ino} ${mtimeMs} ${size}`
  } catch {
    return ''
  }
}

/** This machine's own addresses, asked at most once a second. */
function ownAddresses(clock: Clock): (address: string) => boolean {
  let known = new Set<string>()
  let read = -Infinity
  return address => {
    if (clock.monotonic() - read > rereadMs) {
      read = clock.monotonic()
      known = new Set(Object.values(networkInterfaces()).flatMap(all => (all ?? []).map(one => one.address)))
    }
    return known.has(address)
  }
}

class Running implements Dns {
  readonly #config: DnsConfig
  readonly #clock: Clock
  readonly #log: Log
  readonly #listening = Promise.withResolvers<number>()
  readonly #ends: (() => void)[]
  #zone: Zone | undefined
  #servers: readonly string[] = []
  #server: DnsServer | undefined
  #stopped = false

  constructor(config: DnsConfig, clock: Clock, log: Log) {
    this.#config = config
    this.#clock = clock
    this.#log = log
    this.#ends = [
      follow(config.snapshot, clock, () => this.#readSnapshot()),
      follow(config.resolvConf, clock, () => this.#readResolvers()),
    ]
    const upstream = makeUpstream({ clock, servers: () => this.#servers })
    const source = { zone: () => this.#zone, upstream }
    const own = ownAddresses(clock)
    const allowed = (address: string): boolean => own(address) || within(address, this.#zone?.clients ?? [])
    this.#listen(allowed, (message, tcp) => answer(message, source, tcp))
  }

  get listening(): Promise<number> {
    return this.#listening.promise
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const end of this.#ends) end()
    await this.#server?.close()
  }

  /** The address comes with the rules of the network: until then it is tried again. */
  #listen(
    allowed: (address: string) => boolean,
    answer: (message: Buffer, tcp: boolean) => Promise<Buffer | undefined>,
  ): void {
    if (this.#stopped) return
    listenDns({ ...this.#config, allowed, answer }).then(
      server => {
        this.#server = server
        if (this.#stopped) void server.close()
        this.#listening.resolve(server.port)
      },
      (error: unknown) => {
        this.#log.debug('cannot listen yet', { address: this.#config.address, error: String(error) })
        this.#ends.push(this.#clock.after(retryMs, () => this.#listen(allowed, answer)))
      },
    )
  }

  #readSnapshot(): void {
    try {
      const text = readFileSync(this.#config.snapshot, 'utf8')
      this.#zone = makeZone(parseSnapshot(text), Math.floor(this.#clock.now() / 1000))
    } catch (error) {
      // What was known stays: old answers are better than none.
      this.#log.warn('cannot read the snapshot', { error: String(error) })
    }
  }

  #readResolvers(): void {
    try {
      const { servers } = parseResolver(readFileSync(this.#config.resolvConf, 'utf8'))
      this.#servers = servers.filter(server => server !== this.#config.address)
    } catch (error) {
      this.#log.warn('cannot read the resolvers', { error: String(error) })
    }
  }
}

export const runDns = (config: DnsConfig, clock: Clock, log: Log): Dns => new Running(config, clock, log)
