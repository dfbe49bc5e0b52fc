/**
 * The database: `log` has a row for every write of the kept history and for everything current, `current` the row of each
 * key. Row numbers are revision * 4096 + place in the transaction.
 */
import { renameSync, writeFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { StoreRefused } from '../contract.ts'
import type { Vault } from '../vault.ts'

/** "BLWK": tells our files from other people's. */
const applicationId = 0x424c574b

/** Each step takes a database from one format to the next, the first from format 1. Called inside a transaction. */
export type Step = (database: DatabaseSync, vault: Vault) => void

export interface Upgrading {
  readonly vault: Vault
  readonly upgrades: readonly Step[]
}

const tables = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES ('head', 1), ('oldest', 1), ('compacted', 0);
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  resource TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  form INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  value BLOB
);
CREATE INDEX log_resource ON log (resource, id);
CREATE TABLE current (resource TEXT, key TEXT, id INTEGER NOT NULL, PRIMARY KEY (resource, key)) WITHOUT ROWID;
`

const places = 4096
export const rowOf = (revision: number, place: number): number => revision * places + place
export const revisionOf = (row: number): number => Math.floor(row / places)
export const placeOf = (row: number): number => row % places

export function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

export function meta(database: DatabaseSync, name: string): unknown {
  return database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value']
}

export const revisionIn = (database: DatabaseSync, name: 'head' | 'oldest' | 'compacted'): number =>
  Number(meta(database, name) ?? 0)

export function inTransaction<T>(database: DatabaseSync, run: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = run()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Makes the tables of a new database, brings an older one up to date, refuses foreign and newer ones. */
export function bringUp(database: DatabaseSync, path: string, upgrading: Upgrading): void {
  const { upgrades } = upgrading
  const newest = 1 + upgrades.length
  const format = pragma(database, 'user_version')
  const empty = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] === 0
  if (empty && format === 0 && pragma(database, 'application_id') === 0) return create(database, newest)
  if (pragma(database, 'application_id') !== applicationId)
    throw new StoreRefused('foreign', `${path} is a database of another program: name another file`)
  if (format > newest)
    throw new StoreRefused(
      'newer',
      `${path} has format ${format}, this version knows ${newest}: use the newer version that wrote it`,
    )
  if (format < newest) upgrade(database, path, upgrading)
}

function create(database: DatabaseSync, format: number): void {
  database.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  inTransaction(database, () =>
    database.exec(`${tables}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${format}`),
  )
}

/** One transaction; before it a whole copy is made beside the database. */
function upgrade(database: DatabaseSync, path: string, { vault, upgrades }: Upgrading): void {
  const format = pragma(database, 'user_version')
  const copy = `${path}.format-${format}`
  // Empty and private before anything goes in.
  writeFileSync(`${copy}.part`, '', { mode: 0o600 })
  database.prepare('VACUUM INTO ?').run(`${copy}.part`)
  renameSync(`${copy}.part`, copy)
  // Nothing of what is replaced stays on free pages.
  database.exec('PRAGMA secure_delete = ON')
  inTransaction(database, () => {
    for (const step of upgrades.slice(format - 1)) step(database, vault)
    database.exec(`PRAGMA user_version = ${1 + upgrades.length}`)
  })
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}
