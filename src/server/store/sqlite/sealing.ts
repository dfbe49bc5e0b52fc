/**
 * Which resources the database holds sealed, itself under seal: opening it proves the key, and values that are plain where
 * all are sealed are not ours. A resource that is to be sealed from now on has its rows rewritten first.
 */
import type { DatabaseSync } from 'node:sqlite'
import { StoreRefused } from '../contract.ts'
import { SealBroken, type Keyring } from '../encryption.ts'
import { isSealed, sealedFrom, type Sealed, type Vault } from '../vault.ts'
import { inTransaction, meta, revisionIn } from './format.ts'
import { anchor, type Told } from '../headfile.ts'
import { columns, forms, opened, rowFrom, sumOf, type Row } from './rows.ts'
import { requireState, sumOfRows, writeState } from './state.ts'

const record = { resource: '', key: 'sealed', version: 0 }

export interface Providing {
  readonly path: string
  readonly headPath: string
  readonly told: Told
  readonly vault: Vault
  /** A database that was never sealed may be sealed now; else it is not ours. */
  readonly adopt: boolean
}

/** Throws StoreRefused('key') for the wrong key or none, StoreRefused('corrupt') where what is sealed was tampered with. */
export function provideSeal(database: DatabaseSync, providing: Providing): void {
  const { path, vault, adopt } = providing
  const { ring, sealed } = vault
  const stored = meta(database, 'sealed')
  if (ring === undefined) {
    if (stored === undefined) return
    throw new StoreRefused('key', `${path} holds sealed values: give the key file it was written with`)
  }
  const before = stored instanceof Uint8Array ? recorded(ring, stored, path) : undefined
  if (before !== undefined) whole(database, providing, ring)
  else if (!adopt && resourcesIn(database).length > 0)
    throw new StoreRefused(
      'key',
      `${path} is not sealed although its key file is there: it was not written by this cluster; put its own database back, or give this one another directory`,
    )
  const same = before !== undefined && JSON.stringify(before) === JSON.stringify(sealed)
  if (!same) sealMore(database, vault, before ?? [])
  if (providing.told.by === 'us' && before !== undefined) return
  const head = revisionIn(database, 'head')
  anchor(providing.headPath, head, ring)
  inTransaction(database, () => writeState(database, { head, sum: sumOfRows(database, ring), anchored: true }, ring))
}

function sealMore(database: DatabaseSync, { ring, sealed }: Vault, before: Sealed): void {
  if (ring === undefined) return
  const plain = resourcesIn(database).filter(resource => isSealed(sealed, resource) && !isSealed(before, resource))
  // Overwrites what the plain values leave on free pages.
  database.exec('PRAGMA secure_delete = ON')
  inTransaction(database, () => {
    for (const resource of plain) sealRows(database, resource, ring)
    recordSealed(database, { ring, sealed })
    const state = { head: revisionIn(database, 'head'), sum: sumOfRows(database, ring), anchored: false }
    if (meta(database, 'state') === undefined) writeState(database, state, ring)
  })
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

/** Inside a transaction. */
export function recordSealed(database: DatabaseSync, { ring, sealed }: Vault): void {
  if (ring === undefined) return
  const value = ring.seal(record, Buffer.from(JSON.stringify(sealed)))
  database.prepare("INSERT OR REPLACE INTO meta VALUES ('sealed', ?)").run(value)
}

/** Whether what says how the store is opens with the first key alone. */
export const isRecordedBy = (database: DatabaseSync, ring: Keyring): boolean =>
  ['sealed', 'state'].every(name => {
    const stored = meta(database, name)
    return stored instanceof Uint8Array && ring.isCurrent(stored)
  })

/** A database that was sealed has its state, and once that said so its head file. */
function whole(database: DatabaseSync, { path, headPath, told }: Providing, ring: Keyring): void {
  const state = requireState(database, path, ring)
  if (told.by === 'others')
    throw new StoreRefused(
      'corrupt',
      `${headPath} was not signed with a key of the key file: put both back as they were; to go on from the database as it is, run: bulwark store accept`,
    )
  if (state.anchored && told.by !== 'us')
    throw new StoreRefused(
      'rolled-back',
      `${headPath}, which says how far ${path} must be, is missing or not signed: put both back as they were; to go on from the database as it is, run: bulwark store accept`,
    )
}

function recorded(ring: Keyring, stored: Uint8Array, path: string): Sealed {
  try {
    return sealedFrom(ring.open(record, stored).toString())
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    throw new StoreRefused('key', `${path} was sealed under another key: give the key file it was written with`)
  }
}

const resourcesIn = (database: DatabaseSync): readonly string[] =>
  database
    .prepare('SELECT DISTINCT resource FROM log')
    .all()
    .map(row => String(row['resource']))

function sealRows(database: DatabaseSync, resource: string, ring: Keyring): void {
  const ids = database.prepare('SELECT id FROM log WHERE resource = ? AND form = ?').all(resource, forms.plain)
  rewrite(database, ids, row => ring.seal(row, opened(row, { ring: undefined, sealed: [] })))
}

/** Gives rows another sealed value; that they were whole is for `make` to see to. */
export function rewrite(
  database: DatabaseSync,
  ids: readonly Readonly<Record<string, unknown>>[],
  make: (row: Row) => Uint8Array,
): void {
  const read = database.prepare(`SELECT ${columns('log')} FROM log WHERE id = ?`)
  const write = database.prepare('UPDATE log SET form = ?, sum = ?, value = ? WHERE id = ?')
  for (const { id } of ids) {
    const row = rowFrom(Object.values(read.get(Number(id)) ?? {}))
    const value = make(row)
    write.run(forms.sealed, sumOf(row, forms.sealed, value), value, row.id)
  }
}

/**
 * From format 1 to 2: sealed values come to be bound to their rows, and all rows add up to something. Throws StoreRefused
 * where a value is not what was written, or there is no key.
 */
export function bindRows(database: DatabaseSync, { ring }: Vault): void {
  const stored = meta(database, 'sealed')
  if (!(stored instanceof Uint8Array)) return
  if (ring === undefined)
    throw new StoreRefused('key', 'the database holds sealed values: give the key file it was written with')
  const value = ring.seal(record, Buffer.from(JSON.stringify(recorded(ring, stored, 'the database'))))
  database.prepare("INSERT OR REPLACE INTO meta VALUES ('sealed', ?)").run(value)
  const ids = database.prepare('SELECT id FROM log WHERE form = ?').all(forms.sealed)
  rewrite(database, ids, row => {
    const { resource, key, version } = row
    if (sumOf(row, row.form, row.value) !== row.sum)
      throw new StoreRefused('corrupt', `${resource} ${key}: its checksum is wrong; restore the database from a backup`)
    try {
      return ring.seal(row, ring.open({ resource, key, version }, row.value))
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error
      throw new StoreRefused('corrupt', `${error.message}: restore the database from a backup; nothing was changed`)
    }
  })
  writeState(database, { head: revisionIn(database, 'head'), sum: sumOfRows(database, ring), anchored: false }, ring)
}
