/** Opens the store of a cluster: a SQLite database beside its other files, or an etcd. */
import { rmSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { type Decode, type Store, StoreRefused } from '#server/store/contract.ts'
import { loadKeys, loadOrCreateKeys } from '#server/store/keyfile.ts'
import type { OnBytes } from '#server/store/sqlite/batch.ts'
import { acceptDatabase } from '#server/store/sqlite/accept.ts'
import { openSqliteStore } from '#server/store/sqlite/open.ts'
import type { EtcdOptions } from '#server/store/etcd/open.ts'
import type { Encryption } from './encryption/encryption.ts'
import type { ClusterConfig, EtcdConfig } from './config.ts'
import type { Layout } from './layout.ts'

/** Everything: what is worth a secret is not for us to guess. */
export const sealed: 'all' | readonly string[] = 'all'

/** In the built package the worker threads are files beside this one. */
const builtWorkers = (): { workers?: { commit: URL; history: URL } } =>
  import.meta.url.endsWith('.js')
    ? {
        workers: {
          commit: new URL('./commit-worker.js', import.meta.url),
          history: new URL('./history-worker.js', import.meta.url),
        },
      }
    : {}

type Sealing = Pick<EtcdOptions, 'rules' | 'unseal' | 'refuse' | 'tally'>

export interface StoreOptions {
  readonly config: Pick<ClusterConfig, 'etcd'>
  readonly layout: Layout
  readonly decode: Decode
  readonly clock: Clock
  readonly log: Log
  readonly onBytes?: OnBytes
  /** What seals in place of the store's own key, and looks after both. */
  readonly encryption?: Encryption
  /** False where this is not the etcd that this server knows: what it saw of that says nothing. */
  readonly anchored?: boolean
}

/** @throws StoreRefused, with what to do */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { layout, config, encryption, ...rest } = options
  const rules = (await encryption?.load()) ?? []
  const sealing: Sealing =
    encryption === undefined
      ? {}
      : { rules, unseal: encryption.unseal, refuse: encryption.refuse, tally: encryption.tally }
  if (config.etcd !== undefined) return openEtcd(config.etcd, options, sealing)
  await mkdir(dirname(layout.database), { recursive: true, mode: 0o700 })
  const { keys, fresh } = loadOrCreateKeys(layout.key)
  return openSqliteStore({ path: layout.database, keys, sealed, adopt: fresh, ...rest, ...sealing, ...builtWorkers() })
}

async function openEtcd(
  etcd: EtcdConfig,
  { layout, decode, clock, log, anchored = true }: StoreOptions,
  sealing: Sealing,
): Promise<Store> {
  const { endpoints, prefix, masterKey } = etcd
  await mkdir(dirname(masterKey), { recursive: true, mode: 0o700 })
  await mkdir(dirname(layout.etcdHead), { recursive: true, mode: 0o700 })
  const head = anchored ? { headPath: layout.etcdHead } : {}
  const files = { ca: etcd.ca, cert: etcd.cert, key: etcd.key }
  const read = Object.entries(files).map(async ([name, file]) => [name, file === undefined ? file : await pem(file)])
  const access: Partial<Record<keyof typeof files, string>> = Object.fromEntries(
    (await Promise.all(read)).filter(([, text]) => text !== undefined),
  )
  const { openEtcdStore } = await import('#server/store/etcd/open.ts')
  // A key of one's own making would lock out whoever has the right one: only an empty store gets a new one.
  const keys = (fresh: boolean) => (fresh ? loadOrCreateKeys(masterKey).keys : loadKeys(masterKey))
  // Whoever looks after this process starts it anew, and with it the store.
  const onBroken = (): void => {
    process.exitCode = 1
    process.kill(process.pid, 'SIGTERM')
  }
  return openEtcdStore({
    ...access,
    ...head,
    ...sealing,
    endpoints,
    prefix,
    keys,
    sealed,
    decode,
    clock,
    log,
    onBroken,
  })
}

async function pem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new StoreRefused(
      'unreachable',
      `a file of --etcd-cafile, --etcd-certfile or --etcd-keyfile cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** Goes on from the store as it is, although it was further once: after a restore. @returns what to tell. @throws StoreRefused */
export function acceptStore(config: Pick<ClusterConfig, 'etcd'>, layout: Layout): string {
  if (config.etcd === undefined) {
    const { found, head } = acceptDatabase(layout.database, loadKeys(layout.key))
    return `The database is at revision ${found}; the cluster goes on from ${head}.`
  }
  rmSync(layout.etcdHead, { force: true })
  return 'What this server knew of etcd is forgotten; it goes on from what etcd holds. Do the same on every server.'
}
