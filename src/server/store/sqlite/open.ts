/** Opens a store in one SQLite file. */
import { closeSync, constants, existsSync, mkdirSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { silentLog } from '#base/log.ts'
import { StoreRefused, type Store } from '../contract.ts'
import { CoreStore, type CoreOptions } from '../core.ts'
import type { TallyMemory } from '../tally.ts'
import { makeVault, type Sealed, type Vault, type VaultSettings } from '../vault.ts'
import type { StoreEncryption, Unseal } from '../changing.ts'
import { Keyring, masterTitle } from '../encryption.ts'
import type { Rule } from '../providers/providers.ts'
import { survey } from './surveying.ts'
import type { Journal } from '../journal.ts'
import type { OnBytes } from './batch.ts'
import { CommitThread } from './commit-thread.ts'
import { Disk } from './disk.ts'
import { bringUp, pragma, type Step } from './format.ts'
import { readHead, type Told } from '../headfile.ts'
import { HistoryThread } from './history-thread.ts'
import { load } from './load.ts'
import { lock, type Lock } from './lock.ts'
import { bindRows, provideSeal } from './sealing.ts'
import { damaged, refusing } from './sqlerror.ts'

export interface SqliteOptions extends CoreOptions {
  /** The database; `-wal`, `-shm`, `.lock`, `.head` and copies before an upgrade lie beside it. */
  readonly path: string
  /** Master keys of encryption at rest (`loadOrCreateKeys`): the first seals, all open. Nothing is sealed without. */
  readonly keys?: readonly Uint8Array[]
  /** What is sealed; secrets unless given. Resources added here are sealed when the store is opened. */
  readonly sealed?: Sealed
  /** What seals in place of the master key where a configuration says so; `unseal` gives them with what plugins must open. */
  readonly rules?: readonly Rule[]
  readonly unseal?: Unseal
  /** A database that was never sealed is sealed when it is opened with keys. True unless given: false where keys and database
   * were always there together, so that one without a seal is somebody else's. */
  readonly adopt?: boolean
  /** How large the database may grow before writes answer 'full'; as large as the disk lets it unless given. */
  readonly maxBytes?: number
  /** Told the JSON text of each object that is written, with its resourceVersion and without managedFields, so that whoever
   * encodes need not make it again. The write is not durable yet. */
  readonly onBytes?: OnBytes
  /** Where the entries of the two threads lie when this file is part of a bundle. */
  readonly workers?: { readonly commit: URL; readonly history: URL }
  /** Stands between the store and the disk; conformance tests delay and fail writes with it. */
  readonly through?: (journal: Journal) => Journal
}

export const steps: readonly Step[] = [bindRows]

/** Throws StoreRefused; nothing is changed then, and the lock is free. */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const folder = dirname(options.path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = existsSync(options.path)
    ? realpathSync(options.path)
    : join(realpathSync(folder), basename(options.path))
  const held = lock(`${path}.lock`)
  try {
    return await openLocked({ ...options, path }, held)
  } catch (error) {
    held.release()
    throw error
  }
}

async function openLocked(options: SqliteOptions, held: Lock): Promise<Store> {
  const { path, keys = [], sealed = ['secrets'], maxBytes = 0, log = silentLog } = options
  const { tally } = options
  let settings: VaultSettings = { keys, sealed, rules: options.rules ?? [], tally }
  const workers = options.workers ?? {
    commit: new URL('./commit-worker.ts', import.meta.url),
    history: new URL('./history-worker.ts', import.meta.url),
  }
  let vault = makeVault(settings)
  const reading = { decode: options.decode, frozen: options.freeze ?? false }
  const database = prepared(path, vault, options.adopt ?? true)
  let thread: CommitThread | undefined
  try {
    const { seeds } = vault.providers === undefined ? { seeds: [] } : survey(database, vault)
    if (seeds.length > 0 && options.unseal !== undefined) {
      settings = { ...settings, rules: await options.unseal(seeds) }
      vault = makeVault(settings)
    }
    // The thread starts while this one loads.
    const committing = { path, headPath: `${path}.head`, vault: settings, maxBytes }
    thread = new CommitThread({ url: workers.commit, settings: committing, log })
    const loaded = refusing(path, () => load(database, { path, vault, reading }))
    await thread.ready()
    // A key came while nobody was here to take it up, or whoever took it up was cut short.
    if (keys.length > 1) await thread.use(settings)
    const history = new HistoryThread({ url: workers.history, settings: { path, vault: settings }, reading })
    const disk = new Disk({ thread, history, onBytes: options.onBytes, release: () => held.release() })
    const journal = options.through?.(disk) ?? disk
    return new CoreStore({
      options,
      journal,
      loaded,
      window: { changes: 10_000, bytes: 16 * 1024 * 1024 },
      encryption: vault.ring === undefined ? undefined : encryptionOf({ thread, history, ring: vault.ring, tally }),
    })
  } catch (error) {
    await thread?.close()
    throw error
  } finally {
    database.close()
  }
}

interface Encrypting {
  readonly thread: CommitThread
  readonly history: HistoryThread
  readonly ring: Keyring
  readonly tally: TallyMemory | undefined
}

function encryptionOf({ thread, history, ring, tally }: Encrypting): StoreEncryption {
  let sealing = masterTitle(ring.name)
  return {
    sealing: () => sealing,
    use: async wanted => {
      const settings = { ...wanted, tally }
      // Who reads first: what is sealed anew must open.
      await history.use(settings)
      await thread.use(settings)
      sealing = masterTitle(new Keyring(settings.keys).name)
    },
    survey: () => history.survey(),
    rewrite: (from, most) => thread.rewrite(Number(from), most),
  }
}

/** The database with everything verified that can be without reading all of it. */
function prepared(path: string, vault: Vault, adopt: boolean): DatabaseSync {
  const headPath = `${path}.head`
  const told = readHead(headPath, vault.ring)
  foreign(path)
  if ((told.by === 'others' || told.revision > 0) && (!existsSync(path) || statSync(path).size === 0))
    throw rolledBack(path, 0, told)
  closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600))
  const database = new DatabaseSync(path, { timeout: 10_000 })
  try {
    refusing(path, () => {
      // A store that signs its head has been of this format ever since.
      if (told.by === 'us' && pragma(database, 'user_version') === 1) throw rolledBack(path, headOf(database), told)
      bringUp(database, path, { vault, upgrades: steps })
      database.exec('PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)')
      whole(database, path)
      const head = headOf(database)
      if (head < told.revision) throw rolledBack(path, head, told)
      provideSeal(database, { path, headPath, told, vault, adopt })
    })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Opening a file that is no database would let SQLite write into it. */
function foreign(path: string): void {
  if (!existsSync(path) || statSync(path).size === 0) return
  const magic = Buffer.alloc(16)
  const file = openSync(path, constants.O_RDONLY)
  const read = readSync(file, magic)
  closeSync(file)
  if (read === 16 && magic.toString('latin1') === 'SQLite format 3\0') return
  throw new StoreRefused(
    'foreign',
    `${path} is no SQLite database: name another file, or restore this one from a backup`,
  )
}

function whole(database: DatabaseSync, path: string): void {
  const wanted = pragma(database, 'page_count') * pragma(database, 'page_size')
  const size = statSync(path).size
  if (size < wanted) throw damaged(path, `${size} bytes are left of ${wanted}`)
}

const headOf = (database: DatabaseSync): number =>
  Number(database.prepare("SELECT value FROM meta WHERE name = 'head'").get()?.['value'] ?? 0)

const rolledBack = (path: string, head: number, { revision, by }: Told): StoreRefused =>
  new StoreRefused(
    'rolled-back',
    `${path} ends at revision ${head}, but ${revision} was reached: put the newest database back, or, to go on from the older one on purpose, ${by === 'us' ? 'run: bulwark store accept' : `delete ${path}.head`}`,
  )
