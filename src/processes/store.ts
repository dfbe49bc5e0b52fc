/** Opens the store of a cluster: a SQLite database beside its other files, or an etcd. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { keysResource } from '#plane/keys.ts'
import { type Decode, type Store, StoreRefused } from '#server/store/contract.ts'
import { loadKey, loadOrCreateKey } from '#server/store/encryption.ts'
import type { OnBytes } from '#server/store/sqlite/batch.ts'
import { openSqliteStore } from '#server/store/sqlite/open.ts'
import type { ClusterConfig, EtcdConfig } from './config.ts'
import type { Layout } from './layout.ts'

const sealed = ['secrets', keysResource]

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

export interface StoreOptions {
  readonly config: Pick<ClusterConfig, 'etcd'>
  readonly layout: Layout
  readonly decode: Decode
  readonly clock: Clock
  readonly log: Log
  readonly onBytes?: OnBytes
}

/** @throws StoreRefused, with what to do */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { layout, config, ...rest } = options
  if (config.etcd !== undefined) return openEtcd(config.etcd, options)
  await mkdir(dirname(layout.database), { recursive: true, mode: 0o700 })
  const keys = [loadOrCreateKey(layout.key)]
  return openSqliteStore({ path: layout.database, keys, sealed, ...rest, ...builtWorkers() })
}

async function openEtcd(etcd: EtcdConfig, { decode, clock, log }: StoreOptions): Promise<Store> {
  const { endpoints, prefix, masterKey } = etcd
  await mkdir(dirname(masterKey), { recursive: true, mode: 0o700 })
  const files = { ca: etcd.ca, cert: etcd.cert, key: etcd.key }
  const read = Object.entries(files).map(async ([name, file]) => [name, file === undefined ? file : await pem(file)])
  const access: Partial<Record<keyof typeof files, string>> = Object.fromEntries(
    (await Promise.all(read)).filter(([, text]) => text !== undefined),
  )
  const { openEtcdStore } = await import('#server/store/etcd/open.ts')
  // A key of one's own making would lock out whoever has the right one: only an empty store gets a new one.
  const keys = (fresh: boolean) => [fresh ? loadOrCreateKey(masterKey) : loadKey(masterKey)]
  // Whoever looks after this process starts it anew, and with it the store.
  const onBroken = (): void => {
    process.exitCode = 1
    process.kill(process.pid, 'SIGTERM')
  }
  return openEtcdStore({ ...access, endpoints, prefix, keys, sealed, decode, clock, log, onBroken })
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
